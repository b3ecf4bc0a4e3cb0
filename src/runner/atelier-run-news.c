/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-runner"

#include "config.h"

#include <glib/gi18n.h>

#include "atelier-run-private.h"

#include "atelier-text.h"
#include "atelier-time.h"

/* Telling what happened, after it is on disk: each event of the store carries its news, and the commit sets it free. */

struct _AtelierRunPending
{
  AtelierRun     *run;
  AtelierRunNews *news; /* (owned) (nullable) */
  GPtrArray      *more; /* (owned) (nullable) of AtelierRunNews */
};

void
atelier_run_news_free (AtelierRunNews *news)
{
  g_free (news->execution_id);
  g_free (news->text);
  g_free (news->why);
  g_free (news);
}

AtelierRunNews *
atelier_run_news_new (AtelierRun *run, AtelierRunNewsKind kind)
{
  AtelierRunNews *news = g_new0 (AtelierRunNews, 1);

  news->kind = kind;
  news->execution_id = g_strdup (run->execution_id);
  return news;
}

AtelierRunNews *
atelier_run_step_news (AtelierRun *run, guint step, AtelierStepStatus status, const char *text)
{
  AtelierRunNews *news = atelier_run_news_new (run, ATELIER_RUN_NEWS_STEP);

  news->step = step;
  news->step_status = status;
  news->attempt = run->steps[step].attempts;
  news->text = g_strdup (text);
  return news;
}

/* @news: (transfer full) */
void
atelier_run_tell (AtelierRun *run, AtelierRunNews *news)
{
  if (run->listener != NULL)
    run->listener (news, run->listener_data);
  else
    atelier_run_news_free (news);
}

AtelierRunPending *
atelier_run_pending_new (AtelierRun *run, AtelierRunNews *news)
{
  AtelierRunPending *pending = g_new (AtelierRunPending, 1);

  *pending = (AtelierRunPending) { run, news, NULL };
  return pending;
}

/* One event that is news of several steps. @news: (transfer full) (element-type AtelierRunNews), without a free function */
AtelierRunPending *
atelier_run_pending_new_many (AtelierRun *run, GPtrArray *news)
{
  AtelierRunPending *pending = g_new (AtelierRunPending, 1);

  *pending = (AtelierRunPending) { run, NULL, news };
  return pending;
}

static void
tell_or_free (AtelierRun *run, AtelierRunNews *news, gboolean is_on_disk)
{
  if (is_on_disk)
    atelier_run_tell (run, news);
  else
    atelier_run_news_free (news);
}

/* Runs on the store's writer thread. */
void
atelier_run_committed (gpointer data, const GError *error)
{
  g_autofree AtelierRunPending *pending = data;
  g_autoptr (GPtrArray) more = pending->more;

  if (error != NULL)
    atelier_run_store_failed (pending->run, error->message);
  if (pending->news != NULL)
    tell_or_free (pending->run, pending->news, error == NULL);
  for (guint i = 0; more != NULL && i < more->len; i++)
    tell_or_free (pending->run, g_ptr_array_index (more, i), error == NULL);
}

void
atelier_run_change_step (AtelierRun *run, guint step, const AtelierStepUpdate *update, const char *text)
{
  atelier_store_step_changed (run->store, run->execution_id, atelier_step_get_name (run->steps[step].step), update, atelier_run_committed,
                              atelier_run_pending_new (run, atelier_run_step_news (run, step, update->status, text)));
}

void
atelier_run_show_starting (AtelierRun *run, guint step)
{
  const AtelierStepUpdate update = { .status = ATELIER_STEP_STATUS_STARTING, .waits_for = "", .failure_reason = "", .ended_at_us = ATELIER_STORE_CLEAR };

  run->steps[step].is_shown = TRUE;
  atelier_run_change_step (run, step, &update, NULL);
}

/* The first failure is the execution's. */
void
atelier_run_keep_failure (AtelierRun *run, guint step, const char *reason)
{
  g_mutex_lock (&run->lock);
  if (run->failure == NULL)
    run->failure = g_strdup_printf (_("Step “%s” failed: %s"), atelier_step_get_name (run->steps[step].step), reason);
  g_mutex_unlock (&run->lock);
}

/* atelier_run_fail_step:
 *
 * Records that a step failed outside any attempt, and says so in @result. */
void
atelier_run_fail_step (AtelierRun *run, guint step, const GError *error, AtelierStepResult *result)
{
  g_autofree char *reason = atelier_text_first_line (error->message, ATELIER_REASON_CHARACTERS);
  AtelierStepUpdate update
      = { .status = ATELIER_STEP_STATUS_FAILED, .ended_at_us = atelier_time_now_us (), .failure_reason = reason, .waits_for = "" };

  atelier_run_keep_failure (run, step, reason);
  atelier_run_change_step (run, step, &update, reason);
  result->outcome = ATELIER_PLAN_OUTCOME_FAILED;
}
