/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* A temporary folder in the shape of /opt/ml. */
typedef struct
{
  char *root;
} Job;

void  job_init (Job *self);
void  job_clear (Job *self);
void  job_write (Job *self, const char *relative, const char *text);
char *job_read (Job *self, const char *relative);
gboolean job_has (Job *self, const char *relative);

/* Runs the program with the arguments up to NULL, --root appended for “train”.
 * Returns: its exit code, or 128 + the signal */
int   job_run (Job *self, char **output, char **errors, const char *command, ...) G_GNUC_NULL_TERMINATED;

/* The trees grow on 400 rows that are the same in every run: y = 3 a + b c, with some noise. */
char *job_make_rows (guint n_rows, guint seed);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Job, job_clear)

#define assert_contains(text, part)                                                     \
  G_STMT_START                                                                          \
  {                                                                                     \
    if (strstr ((text), (part)) == NULL)                                                \
      g_error ("%s:%d: “%s” is not in “%s”", __FILE__, __LINE__, (part), (text));       \
  }                                                                                     \
  G_STMT_END

G_END_DECLS
