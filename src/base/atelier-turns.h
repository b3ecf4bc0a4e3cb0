/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <glib.h>

G_BEGIN_DECLS

#define ATELIER_TURN_NS (100 * 1000)

/* atelier_ask_for_short_turns:
 *
 * For a thread that hands things over and sleeps again: asks the kernel for turns that are short and come soon, where
 * it would else wait until whatever computes on its processor has had a whole turn. It gets no more of the processor
 * than others. Linux before 6.12 overlooks it. Processes and threads that this one starts have usual turns.
 *
 * In a header, for the programs that do not have all of base/. */
static inline void
atelier_ask_for_short_turns (void)
{
  struct
  {
    guint32 size, policy;
    guint64 flags;
    gint32  nice;
    guint32 priority;
    guint64 runtime_ns, deadline_ns, period_ns;
  } attributes = { .size = sizeof attributes,
                   .policy = SCHED_OTHER,
                   .flags = 1, /* SCHED_FLAG_RESET_ON_FORK */
                   .nice = getpriority (PRIO_PROCESS, 0),
                   .runtime_ns = ATELIER_TURN_NS };

  /* a refusal costs nothing but time */
  (void) !syscall (SYS_sched_setattr, 0, &attributes, 0);
}

G_END_DECLS
