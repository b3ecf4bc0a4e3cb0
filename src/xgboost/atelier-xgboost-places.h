/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "atelier-xgboost-table.h"

G_BEGIN_DECLS

/* Where things are for this training. */
typedef struct
{
  char *hyperparameters; /* file */
  char *input_data;      /* file; may be missing */
  char *resources;       /* file; may be missing */
  char *train;           /* folder or file */
  char *validation;      /* folder or file */
  char *model;           /* folder */
  char *failure;         /* file */
  char *checkpoints;     /* (nullable) folder, which is there */
} AtelierXgboostPlaces;

/* atelier_xgboost_places_new:
 * @root: (nullable): takes the place of /opt/ml. NULL: the SM_… variables, below them ATELIER_OPT_ML, else /opt/ml */
AtelierXgboostPlaces *atelier_xgboost_places_new (const char *root);
void                  atelier_xgboost_places_free (AtelierXgboostPlaces *self);

typedef struct
{
  gboolean             present;
  AtelierXgboostFormat format;
} AtelierXgboostChannel;

/* Reads inputdataconfig.json: what the channels hold. Without the file the channels are those whose folders are there.
 * @notes: (element-type utf8): gets sentences about what is ignored */
gboolean             atelier_xgboost_places_read_channels (AtelierXgboostPlaces  *self,
                                                           AtelierXgboostChannel *train,
                                                           AtelierXgboostChannel *validation,
                                                           GPtrArray             *notes,
                                                           GError               **error);

/* atelier_xgboost_channel_list:
 * @folder: a folder, or one file
 * @name: of the channel, the first part of each name in @names
 *
 * Lists the data files: in order of their names, folders included, without those whose name begins with “.” or “_”, and
 * without empty ones. Links are followed. Fails when there is no file. */
gboolean             atelier_xgboost_channel_list (const char *folder,
                                                   const char *name,
                                                   GPtrArray  *paths,
                                                   GPtrArray  *names,
                                                   GError    **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierXgboostPlaces, atelier_xgboost_places_free)

G_END_DECLS
