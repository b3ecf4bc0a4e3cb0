/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-git.h"
#include "atelier-project-data.h"
#include "atelier-store-records.h"
#include "atelier-store.h"
#include "atelier-template.h"

G_BEGIN_DECLS

/* Makes a project out of a template: bare repositories in WORKSPACE/projects/NAME, working clones, the data set, and
 * the project's record in the store. Nothing is half made: all is prepared in hidden folders beside its place, moved
 * there at the end, and the record is the last step; an error or a cancel takes everything back.
 *
 *   WORKSPACE/projects/NAME/REPOSITORY.git   bare, one commit on main; the clones' origin
 *   WORKSPACE/projects/NAME/template/        template.json and generators: the data sets, for “save as template”
 *   WORKSPACE/store/atelier/NAME/data/FILE   s3://atelier/NAME/data/FILE, and SIMULATED.txt beside a made-up one
 *
 * The record's settings_json is {"clones": {REPOSITORY: FOLDER}, "data": [{"uri": …, "source": …, "note": …}],
 * "template": {"name": …, "location": …}, "variables": {NAME: VALUE}}. */

#define ATELIER_PROJECT_NAME_MOST 32

/* The bucket of everything that projects keep in the artifact store. */
#define ATELIER_PROJECT_BUCKET "atelier"

/* Returns: FALSE with ATELIER_PROJECT_ERROR_NAME: a name is letters and digits (of ASCII) with dashes between them,
 *   ATELIER_PROJECT_NAME_MOST characters at most. The sentence says what is wrong where. Any thread. */
gboolean atelier_project_check_name (const char *name,
                                     GError    **error);

/* (transfer full): where working clones go when nobody chose a folder: ~/Atelier/NAME */
char    *atelier_project_default_folder (const char *name);

/* Called in the calling thread.
 * @what: a translated phrase, such as “Cloning “modelbuild””
 * @fraction: 0 to 1, never falling */
typedef void (*AtelierProjectProgress) (const char *what,
                                        double      fraction,
                                        gpointer    user_data);

/* AtelierProjectRequest: all is the caller's.
 * @name: of the project
 * @template_: (not nullable)
 * @description: (nullable): NULL takes the template's
 * @clones_folder: (nullable): where the working clones go, a folder a repository, which must not be there; NULL takes
 *   atelier_project_default_folder()
 * @variables: (nullable) (element-type utf8 utf8): values for the template's variables; the built-in ones are
 *   project_name, author and date
 * @data_file: (nullable): a CSV file of the person's own for the template's first data set
 * @offline: never download data
 * @author: (nullable): NULL takes the person's Git configuration and the present time; its time is also that of the
 *   commits and of the variable date
 * @who: (nullable): the person, for the audit log
 * @progress: (nullable) */
typedef struct
{
  const char             *name;
  AtelierTemplate        *template_;
  const char             *description;
  const char             *clones_folder;
  GHashTable             *variables;
  const char             *data_file;
  gboolean                offline;
  const AtelierGitAuthor *author;
  const char             *who;
  AtelierProjectProgress  progress;
  gpointer                user_data;
} AtelierProjectRequest;

/* AtelierProjectMade: what was made, all (owned).
 * @id: in the store
 * @repositories: names, NULL at the end; @commits and @clones (absolute folders) go with it
 * @data_uris: s3:// addresses of the data sets, NULL at the end
 * @data_source: the least real one among them; ATELIER_DATA_SOURCE_GENERATED: the project is simulated
 * @note: (nullable): a sentence on the data, such as why it was not downloaded */
typedef struct
{
  gint64            id;
  char            **repositories;
  char            **commits;
  char            **clones;
  char            **data_uris;
  AtelierDataSource data_source;
  char             *note;
} AtelierProjectMade;
void atelier_project_made_free (AtelierProjectMade *made);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierProjectMade, atelier_project_made_free)

/* Blocks for seconds. Two at the same time, even of one name, do not disturb each other: one of them fails.
 * Returns: (transfer full) (nullable): NULL with ATELIER_PROJECT_ERROR, or what Git, the store or the disk says */
AtelierProjectMade *atelier_project_create_sync (AtelierStore                *store,
                                                 const AtelierProjectRequest *request,
                                                 GCancellable                *cancellable,
                                                 GError                     **error);

/* Gives a project other data: @file, checked against the template's first data set, takes the place of what is there,
 * under the same address. A project of simulated data is one of real data then. Executions keep what they ran on.
 * @who: (nullable): for the audit log
 * Returns: FALSE with ATELIER_PROJECT_ERROR: NOT_FOUND for a project without a data set, DATA for a file that does not
 *   fit (the sentence names the line) */
gboolean atelier_project_set_data_sync (AtelierStore               *store,
                                        const AtelierProjectRecord *project,
                                        const char                 *file,
                                        const char                 *who,
                                        GError                    **error);

G_END_DECLS
