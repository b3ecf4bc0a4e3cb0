/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Repositories: what project creation and executions need of Git. The door to libgit2: nobody else includes git2.h.
 *
 * Every call blocks and may be made on any thread but a window's; each opens and closes its own repository, so no two
 * threads ever share one. PATH arguments are folders: a working tree, any folder below one, or a bare repository,
 * unless said otherwise. Outputs are written only on success. */

#define ATELIER_GIT_ERROR (atelier_git_error_quark ())

/* AtelierGitError:
 * @ATELIER_GIT_ERROR_FAILED: anything else; the sentence ends with libgit2's own text
 * @ATELIER_GIT_ERROR_NOT_FOUND: no repository, branch, commit or address there
 * @ATELIER_GIT_ERROR_EXISTS: the target is there already and not empty
 * @ATELIER_GIT_ERROR_EMPTY: the repository has no commit yet
 * @ATELIER_GIT_ERROR_OWNER: the repository belongs to another person and is not listed in safe.directory
 * @ATELIER_GIT_ERROR_UNSAFE: a name or link in the content would reach outside its folder or into a .git folder
 * @ATELIER_GIT_ERROR_ACCESS: the other side asks for a sign-in, or its certificate or host key is not trusted
 * @ATELIER_GIT_ERROR_TOO_BIG: the changes of a working tree are too large to keep as a patch
 *
 * A cancelled call ends with G_IO_ERROR_CANCELLED, a folder that cannot be read or written with another G_IO_ERROR */
typedef enum
{
  ATELIER_GIT_ERROR_FAILED,
  ATELIER_GIT_ERROR_NOT_FOUND,
  ATELIER_GIT_ERROR_EXISTS,
  ATELIER_GIT_ERROR_EMPTY,
  ATELIER_GIT_ERROR_OWNER,
  ATELIER_GIT_ERROR_UNSAFE,
  ATELIER_GIT_ERROR_ACCESS,
  ATELIER_GIT_ERROR_TOO_BIG,
} AtelierGitError;
GQuark atelier_git_error_quark (void);

/* The branch that a new repository begins with. */
#define ATELIER_GIT_DEFAULT_BRANCH "main"

/* AtelierGitAuthor: who makes a commit and when. Equal content, message, author and time make an equal commit id.
 * @name, @email: (owned)
 * @time_us: microseconds UTC; commits keep whole seconds */
typedef struct
{
  char  *name;
  char  *email;
  gint64 time_us;
} AtelierGitAuthor;

/* AtelierGitHead: what is checked out.
 * @commit: (owned): the full id
 * @short_id: (owned): its shortest prefix, of 7 characters or more, that names no other object of the repository
 * @subject: (owned): the first line of the message
 * @message: (owned): the whole message
 * @author_name, @author_email: (owned)
 * @time_us: when the author made it
 * @branch: (owned) (nullable): short name of the branch; NULL when HEAD is detached */
typedef struct
{
  char  *commit;
  char  *short_id;
  char  *subject;
  char  *message;
  char  *author_name;
  char  *author_email;
  gint64 time_us;
  char  *branch;
} AtelierGitHead;

void atelier_git_author_free (AtelierGitAuthor *author);
void atelier_git_head_free (AtelierGitHead *head);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierGitAuthor, atelier_git_author_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierGitHead, atelier_git_head_free)

/* AtelierGitProgress:
 * @what: (not nullable): a translated phrase of what is going on
 * @done, @total: counts of objects or files; @total is 0 while it is not known
 *
 * Called in the calling thread, at most some tens of times a second. */
typedef void (*AtelierGitProgress) (const char *what,
                                    guint64     done,
                                    guint64     total,
                                    gpointer    user_data);

/* The root of the repository that holds @path: the top of its working tree, or the folder of a bare repository.
 * @path: an existing file or folder
 * Returns: (transfer full) (nullable): an absolute path without a slash at its end; NULL with
 *   ATELIER_GIT_ERROR_NOT_FOUND when no folder above @path is a repository, ATELIER_GIT_ERROR_OWNER */
char *atelier_git_find_sync (const char *path,
                             GError    **error);

/* Makes an empty bare repository whose HEAD names ATELIER_GIT_DEFAULT_BRANCH.
 * @folder: made with its parents; ATELIER_GIT_ERROR_EXISTS when it is there and not empty */
gboolean atelier_git_init_bare_sync (const char *folder,
                                     GError    **error);

/* Whether @text is the address of a repository (https://…, ssh://…, person@host:path) rather than a path. */
gboolean atelier_git_is_address (const char *text);

/* Clones with a working tree. The clone owns its objects (no hard links, no alternates).
 * @source: a path or an address
 * @folder: made with its parents; ATELIER_GIT_ERROR_EXISTS when it is there and not empty. After a failure or a
 *   cancel it is as it was before.
 * @progress: (nullable) */
gboolean atelier_git_clone_sync (const char        *source,
                                 const char        *folder,
                                 AtelierGitProgress progress,
                                 gpointer           user_data,
                                 GCancellable      *cancellable,
                                 GError           **error);

/* Sets the address of the remote “origin”, which must exist. */
gboolean atelier_git_set_origin_sync (const char *path,
                                      const char *address,
                                      GError    **error);

/* @name, @email: (nullable): NULL or empty takes the fallback, “Atelier” and “atelier@localhost”. Characters that
 *   Git does not allow (<, >, control characters) are dropped.
 * @time_us: 0 is a time like others */
AtelierGitAuthor *atelier_git_author_new (const char *name,
                                          const char *email,
                                          gint64      time_us);

/* The person's user.name and user.email as Git's configuration has them, each with the fallback above.
 * @path: (nullable): a repository whose own configuration counts, too */
AtelierGitAuthor *atelier_git_author_new_for_person (const char *path,
                                                     gint64      time_us);

/* Puts the content of @folder as one commit on top of HEAD's branch of a bare repository, without a working copy.
 * Executable bits and symbolic links are kept, empty folders are left out, as Git does. ATELIER_GIT_ERROR_UNSAFE when
 * a name is .git or alike, or a link leads out of @folder.
 * @message: a line feed is added at its end where it has none
 * Returns: (transfer full) (nullable): the commit's id */
char *atelier_git_commit_folder_sync (const char             *repository,
                                      const char             *folder,
                                      const char             *message,
                                      const AtelierGitAuthor *author,
                                      GCancellable           *cancellable,
                                      GError                **error);

/* Returns: (transfer full) (nullable): what is checked out; NULL with ATELIER_GIT_ERROR_EMPTY before the first
 *   commit, ATELIER_GIT_ERROR_NOT_FOUND where no repository is */
AtelierGitHead *atelier_git_head_sync (const char *path,
                                       GError    **error);

/* Whether the working tree differs from HEAD: staged, changed or untracked files; ignored ones do not count. A bare
 * repository is never dirty. */
gboolean atelier_git_is_dirty_sync (const char *path,
                                    gboolean   *dirty,
                                    GError    **error);

/* What is_dirty sees, as one patch from HEAD to the working tree: `git apply` on a checkout of HEAD gives the same
 * files, binary ones and executable bits included.
 * @patch: (out) (transfer full): ends in NUL; empty when nothing differs. Not always UTF-8: it holds the files' bytes
 * @length: (out) (nullable): in bytes */
gboolean atelier_git_dirty_patch_sync (const char   *path,
                                       GCancellable *cancellable,
                                       char        **patch,
                                       gsize        *length,
                                       GError      **error);

/* Writes the tree of a commit to a folder, without .git. Symbolic links that lead out of @folder are refused
 * (ATELIER_GIT_ERROR_UNSAFE); submodules become empty folders.
 * @revision: a commit id, branch, tag or what else `git rev-parse` takes, such as "HEAD"
 * @folder: made with its parents; ATELIER_GIT_ERROR_EXISTS when it is there and not empty; removed after a failure */
gboolean atelier_git_export_sync (const char   *path,
                                  const char   *revision,
                                  const char   *folder,
                                  GCancellable *cancellable,
                                  GError      **error);

G_END_DECLS
