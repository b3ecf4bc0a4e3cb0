/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What tests with repositories share: a folder of their own with a HOME in it, so that nobody's Git configuration
 * counts, and the git command to compare with. Failures end the test. */

void        peer_init (void);
void        peer_clear (void);
const char *peer_root (void);

/* (transfer full): ROOT/NAME-N, which is not there yet */
char       *peer_new_path (const char *name);

/* Runs git in @folder. (transfer full): its output without the line feed at the end */
char       *peer_git (const char *folder,
                      ...) G_GNUC_NULL_TERMINATED;
gboolean    peer_git_succeeds (const char *folder,
                               ...) G_GNUC_NULL_TERMINATED;

/* A repository with a working tree and an author, on branch main, without a commit. (transfer full): its folder */
char       *peer_new_repository (void);

void        peer_write (const char *folder,
                        const char *relative,
                        const char *content,
                        gssize      length);
char       *peer_read (const char *folder,
                       const char *relative);
gboolean    peer_exists (const char *folder,
                         const char *relative);

/* (transfer full): the id of the tree that Git makes of the folder's content, ignored files included */
char       *peer_tree_id (const char *folder);

G_END_DECLS
