/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#define G_LOG_DOMAIN "atelier-git"

#include "config.h"

#include <string.h>
#include <glib/gi18n.h>

#include "atelier-git-private.h"

/* What is checked out. Text of a commit may be in any encoding; what leaves here is valid UTF-8. */

void
atelier_git_head_free (AtelierGitHead *head)
{
  if (head == NULL)
    return;
  g_free (head->commit);
  g_free (head->short_id);
  g_free (head->subject);
  g_free (head->message);
  g_free (head->author_name);
  g_free (head->author_email);
  g_free (head->branch);
  g_free (head);
}

static char *
dup_utf8 (const char *text)
{
  return g_utf8_make_valid (text != NULL ? text : "", -1);
}

AtelierGitHead *
atelier_git_head_sync (const char *path, GError **error)
{
  g_autoptr (git_repository) repository = NULL;
  g_autoptr (git_commit) commit = NULL;
  g_autoptr (git_reference) reference = NULL;
  g_auto (git_buf) short_id = GIT_BUF_INIT;
  g_autoptr (AtelierGitHead) head = NULL;
  const git_signature *author;
  int result;

  g_return_val_if_fail (path != NULL, NULL);

  repository = atelier_git_open (path, 0, error);
  if (repository == NULL)
    return NULL;
  commit = atelier_git_head_commit (repository, error);
  if (commit == NULL)
    return NULL;
  result = git_object_short_id (&short_id, (git_object *) commit);
  if (result == 0)
    result = git_repository_head (&reference, repository);
  if (result < 0)
    {
      atelier_git_set_error (error, result, _("Cannot read the newest commit of “%s”"), path);
      return NULL;
    }
  author = git_commit_author (commit);
  head = g_new0 (AtelierGitHead, 1);
  head->commit = g_strdup (git_oid_tostr_s (git_commit_id (commit)));
  head->short_id = g_strdup (short_id.ptr);
  head->subject = dup_utf8 (git_commit_summary (commit));
  head->message = dup_utf8 (git_commit_message (commit));
  head->author_name = dup_utf8 (author->name);
  head->author_email = dup_utf8 (author->email);
  head->time_us = author->when.time * G_USEC_PER_SEC;
  if (git_reference_is_branch (reference))
    head->branch = dup_utf8 (git_reference_shorthand (reference));
  return g_steal_pointer (&head);
}
