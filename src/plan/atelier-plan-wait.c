/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-plan"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-plan-private.h"

#include "atelier-time.h"

/* Why a step does not run yet, found when somebody asks: nothing is kept for it. */

static AtelierPlanWait
find_upstream (const AtelierPlan *self, guint step)
{
  guint first = G_MAXUINT;

  for ATELIER_PLAN_GRAPH_UP (self->graph, step, link)
    {
      AtelierPlanState state = self->steps[link->step].state;

      if (state != ATELIER_PLAN_SUCCEEDED && state != ATELIER_PLAN_CACHED)
        first = MIN (first, link->step);
    }
  return (AtelierPlanWait) { ATELIER_PLAN_WAIT_UPSTREAM, .upstream = first };
}

static AtelierPlanWait
find_shortage (const AtelierPlan *self, guint step)
{
  const AtelierPlanDemand *demand = ATELIER_PLAN_DEMAND (self, step);
  gint64 free_cpus = MAX (0, (gint64) self->limits.cpus - self->cpus); /* re-adopted steps may exceed new limits */
  gint64 free_bytes = MAX (0, self->limits.memory_bytes - self->memory_bytes);

  if (self->alone >= 0)
    return (AtelierPlanWait) { ATELIER_PLAN_WAIT_MACHINE, .upstream = self->alone };
  if (self->limits.parallel > 0 && self->n_slots >= self->limits.parallel)
    return (AtelierPlanWait) { ATELIER_PLAN_WAIT_SLOT, .need = 1, .have = self->limits.parallel };
  if (demand->exceeds_machine)
    return (AtelierPlanWait) { ATELIER_PLAN_WAIT_MACHINE, .upstream = step };
  if (self->limits.cpus > 0 && self->cpus + demand->cpus > self->limits.cpus)
    return (AtelierPlanWait) { ATELIER_PLAN_WAIT_CPUS, .need = demand->cpus, .have = free_cpus };
  return (AtelierPlanWait) { ATELIER_PLAN_WAIT_MEMORY, .need = demand->memory_bytes, .have = free_bytes };
}

static AtelierPlanWait
find_turn (const AtelierPlan *self, guint step)
{
  const AtelierPlanDemand *demand = ATELIER_PLAN_DEMAND (self, step);
  int head = atelier_plan_get_head (self);

  if (!atelier_plan_admits (self, demand))
    return find_shortage (self, step);
  if (!demand->no_slot && head != (int) step && self->steps[head].n_passed >= ATELIER_PLAN_MOST_PASSES)
    return (AtelierPlanWait) { ATELIER_PLAN_WAIT_TURN, .upstream = head };
  return (AtelierPlanWait) { ATELIER_PLAN_WAIT_NOTHING };
}

AtelierPlanWait
atelier_plan_get_wait (const AtelierPlan *self, guint step)
{
  const AtelierPlanWait nothing = { ATELIER_PLAN_WAIT_NOTHING };
  const AtelierPlanWait forever = { ATELIER_PLAN_WAIT_FOREVER };

  g_return_val_if_fail (self != NULL, nothing);
  g_return_val_if_fail (step < self->n_steps, nothing);

  switch (self->steps[step].state)
    {
    case ATELIER_PLAN_PENDING:
      return self->winding_up ? forever : find_upstream (self, step);
    case ATELIER_PLAN_READY:
      return self->winding_up ? forever : find_turn (self, step);
    case ATELIER_PLAN_DELAYED:
      return (AtelierPlanWait) { ATELIER_PLAN_WAIT_RETRY, .until_us = self->steps[step].not_before_us };
    case ATELIER_PLAN_BLOCKED:
      return forever;
    case ATELIER_PLAN_RUNNING:
    case ATELIER_PLAN_SUCCEEDED:
    case ATELIER_PLAN_CACHED:
    case ATELIER_PLAN_FAILED:
    case ATELIER_PLAN_STOPPED:
    case ATELIER_PLAN_SKIPPED:
    case ATELIER_PLAN_N_STATES:
    default:
      return nothing;
    }
}

char *
atelier_plan_describe_wait (const AtelierPlan *self, guint step)
{
  AtelierPlanWait wait = atelier_plan_get_wait (self, step);

  switch (wait.kind)
    {
    case ATELIER_PLAN_WAIT_UPSTREAM:
      return g_strdup_printf (_("Waits for “%s”"), self->steps[wait.upstream].name);
    case ATELIER_PLAN_WAIT_SLOT:
      return g_strdup_printf (ngettext ("Waits for its turn: %d step runs at a time",
                                        "Waits for its turn: %d steps run at a time", wait.have), (int) wait.have);
    case ATELIER_PLAN_WAIT_CPUS:
      return g_strdup_printf (ngettext ("Waits for processors: it needs %d, and %d is free",
                                        "Waits for processors: it needs %d, and %d are free", wait.have),
                              (int) wait.need, (int) wait.have);
    case ATELIER_PLAN_WAIT_MEMORY:
      {
        g_autofree char *need = atelier_text_format_size (wait.need);
        g_autofree char *have = atelier_text_format_size (wait.have);

        return g_strdup_printf (_("Waits for memory: it needs %s, and %s is free"), need, have);
      }
    case ATELIER_PLAN_WAIT_MACHINE:
      if (wait.upstream == step)
        return g_strdup (_("Waits until no other step runs: it asks for more than this machine has"));
      return g_strdup_printf (_("Waits for “%s”, which has the machine to itself"), self->steps[wait.upstream].name);
    case ATELIER_PLAN_WAIT_TURN:
      return g_strdup_printf (_("Waits for its turn: “%s” goes first"), self->steps[wait.upstream].name);
    case ATELIER_PLAN_WAIT_RETRY:
      {
        g_autofree char *until = atelier_time_format_iso (wait.until_us);

        return g_strdup_printf (_("Waits for its next attempt at %s"), until);
      }
    case ATELIER_PLAN_WAIT_FOREVER:
      return g_strdup (_("Does not start any more in this run"));
    case ATELIER_PLAN_WAIT_NOTHING:
    default:
      return NULL;
    }
}
