/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

#include "atelier-json.h"

G_BEGIN_DECLS

/* The data set of a project: what a template says about it, the check of a person's file, and where it comes from.
 *
 * In template.json:
 *   "data": [{"name": "abalone", "title": "…", "file": "abalone.csv", "minimum_rows": 50,
 *             "columns": [{"name": "Sex", "type": "category", "values": ["M", "F", "I"]},
 *                         {"name": "Length", "type": "number", "minimum": 0}, {"name": "Rings", "type": "integer"}],
 *             "url": "https://…", "sha256": "…", "generator": "data/generate_abalone.py"}]
 * Types are "text", "category" (one of "values"), "number" and "integer"; "minimum" and "maximum" are optional.
 *
 * A generator is a Python program of the standard library, run as `python3 GENERATOR --output FILE`; it makes the
 * same file each time.
 *
 * The file stored has no header, LF line ends and the columns in this order: all sources give scripts one format. */

#define ATELIER_PROJECT_ERROR (atelier_project_error_quark ())

/* AtelierProjectError:
 * @ATELIER_PROJECT_ERROR_NAME: not a name for a project or template
 * @ATELIER_PROJECT_ERROR_EXISTS: the project, template or a folder is there already
 * @ATELIER_PROJECT_ERROR_NOT_FOUND: no such template, project or file
 * @ATELIER_PROJECT_ERROR_TEMPLATE: the template is broken; the sentence names file and key
 * @ATELIER_PROJECT_ERROR_VARIABLE: a variable is unknown or its value does not fit
 * @ATELIER_PROJECT_ERROR_DATA: the data file does not fit; the sentence names the line */
typedef enum
{
  ATELIER_PROJECT_ERROR_NAME,
  ATELIER_PROJECT_ERROR_EXISTS,
  ATELIER_PROJECT_ERROR_NOT_FOUND,
  ATELIER_PROJECT_ERROR_TEMPLATE,
  ATELIER_PROJECT_ERROR_VARIABLE,
  ATELIER_PROJECT_ERROR_DATA,
} AtelierProjectError;
GQuark atelier_project_error_quark (void);

/* Where a project's data came from. */
typedef enum
{
  ATELIER_DATA_SOURCE_NONE,      /* the template needs none */
  ATELIER_DATA_SOURCE_FILE,      /* the person's file */
  ATELIER_DATA_SOURCE_DOWNLOAD,  /* the public file, its digest verified */
  ATELIER_DATA_SOURCE_GENERATED, /* a sample made up by the template's generator: the project is simulated */
} AtelierDataSource;
#define ATELIER_DATA_SOURCE_N_VALUES (ATELIER_DATA_SOURCE_GENERATED + 1)
const char *atelier_data_source_to_text (AtelierDataSource source);

/* Checks one "data" entry of a template.json.
 * Returns: FALSE with ATELIER_PROJECT_ERROR_TEMPLATE, naming the key */
gboolean atelier_data_check_entry (const json_t *entry,
                                   GError      **error);

/* Reads a CSV file, checks every cell against @entry and writes it in the stored format.
 * @to: (nullable): where the checked rows go; NULL only checks. Nothing is left there after a failure.
 * @n_rows: (out) (nullable)
 * Returns: FALSE with ATELIER_PROJECT_ERROR_DATA, a sentence with the line number */
gboolean atelier_data_check_file (const json_t *entry,
                                  const char   *from,
                                  const char   *to,
                                  gint64       *n_rows,
                                  GError      **error);

/* Gets the data of @entry to @to: from @file when given, else from its "url" where `curl` and a network are there and
 * the digest is right, else from its generator. Nothing is left at @to after a failure.
 * @entry: as a loaded template has it: its "generator" is an absolute path
 * @file: (nullable): the person's file; when it does not fit nothing else is tried
 * @offline: never use the network
 * @note: (out) (transfer full) (nullable): a sentence on why an earlier source was not used */
gboolean atelier_data_obtain_sync (const json_t      *entry,
                                   const char        *file,
                                   gboolean           offline,
                                   const char        *to,
                                   AtelierDataSource *source,
                                   char             **note,
                                   GCancellable      *cancellable,
                                   GError           **error);

G_END_DECLS
