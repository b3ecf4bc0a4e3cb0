/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <git2.h>

#include "atelier-git.h"

G_BEGIN_DECLS

G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_blob, git_blob_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_commit, git_commit_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_config, git_config_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_diff, git_diff_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_index, git_index_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_object, git_object_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_odb, git_odb_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_reference, git_reference_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_repository, git_repository_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_signature, git_signature_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_tree, git_tree_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (git_treebuilder, git_treebuilder_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (git_buf, git_buf_dispose)

/* Makes a GError of libgit2's last one: "FORMAT: LIBGIT2'S OWN TEXT". Must be called in the thread of the call that
 * failed and before any other call of libgit2, whose text is the thread's. @result: what that call returned. */
void            atelier_git_set_error (GError    **error,
                                       int         result,
                                       const char *format,
                                       ...) G_GNUC_PRINTF (3, 4);

/* Opens the repository that holds @path, or with GIT_REPOSITORY_OPEN_NO_SEARCH in @flags the one at @path itself, and
 * starts the library where that has not been done. */
git_repository *atelier_git_open (const char  *path,
                                  unsigned int flags,
                                  GError     **error);
void            atelier_git_start (void);

/* NULL with ATELIER_GIT_ERROR_EMPTY before the first commit. */
git_commit     *atelier_git_head_commit (git_repository *repository,
                                         GError        **error);

/* The rules by which a file's name or a link's target stays inside its folder. @depth: folders above the link. */
gboolean        atelier_git_name_is_safe (const char *name);
gboolean        atelier_git_link_is_safe (const char *target,
                                          guint       depth);

/* FALSE with ATELIER_GIT_ERROR_EXISTS when @folder is there and not empty; makes it and its parents otherwise.
 * @made: whether the folder itself was not there before */
gboolean        atelier_git_make_empty_folder (const char *folder,
                                               gboolean   *made,
                                               GError    **error);
/* Undoes it: removes the content and, when it was @made, the folder. */
void            atelier_git_clear_folder (const char *folder,
                                          gboolean    made);

G_END_DECLS
