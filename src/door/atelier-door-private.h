/* SPDX-FileCopyrightText: The Atelier contributors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <libsoup/soup.h>

#include "atelier-door-chunked.h"
#include "atelier-door-checksum.h"
#include "atelier-door-error.h"
#include "atelier-door-facts.h"
#include "atelier-door-log.h"
#include "atelier-door-pages.h"
#include "atelier-door-sign.h"
#include "atelier-object-file.h"

G_BEGIN_DECLS

#define ATELIER_DOOR_REGION "us-east-1"

/* What all requests share. */
typedef struct
{
  char             *store_folder; /* (owned) */
  char             *secret;       /* (owned) */
  AtelierDoorLog   *log;          /* (owned) thread safe */
  AtelierDoorPages *pages;        /* (owned) thread safe */
  GCancellable     *cancellable;  /* (owned) for operations on threads */
  guint             n_operations; /* running on threads */
} AtelierDoor;

typedef enum
{
  ATELIER_DOOR_BODY_NONE,   /* passed over */
  ATELIER_DOOR_BODY_XML,    /* collected, at most some MiB */
  ATELIER_DOOR_BODY_OBJECT, /* written to a file that may become an object or a part */
} AtelierDoorBody;

/* An answer. A file is sent after the headers, straight from its descriptor. */
typedef struct
{
  guint               status;
  SoupMessageHeaders *headers;    /* (owned) */
  GString            *body;       /* (owned) (nullable) XML */
  int                 fd;         /* -1: none */
  gint64              offset;
  gint64              length;     /* of what is sent of the file; also Content-Length of a HEAD */
} AtelierDoorReply;

AtelierDoorReply *atelier_door_reply_new (guint status);
/* With the beginning of an XML answer: the declaration and the opening tag of @root. */
AtelierDoorReply *atelier_door_reply_new_xml (const char *root);
void              atelier_door_reply_free (AtelierDoorReply *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AtelierDoorReply, atelier_door_reply_free)
void              atelier_door_reply_set (AtelierDoorReply *self,
                                          const char       *header,
                                          const char       *value);
/* <name>value</name>, escaped */
void              atelier_door_reply_element (AtelierDoorReply *self,
                                              const char       *name,
                                              const char       *value);

typedef struct _AtelierDoorRequest AtelierDoorRequest;

/* Does the whole of a request whose body has come. Perhaps on a thread: it may not touch the message, only what the
 * request holds. NULL with an error. */
typedef AtelierDoorReply *(*AtelierDoorFunc) (AtelierDoorRequest *request,
                                              GError            **error);

typedef struct
{
  const char     *name;
  AtelierDoorFunc func;
  AtelierDoorBody body;
  gboolean        on_thread; /* may take longer than a few milliseconds */
} AtelierDoorOperation;

/* One request, from its headers to the last byte of the answer. */
struct _AtelierDoorRequest
{
  AtelierDoor                *door;      /* (unowned) */
  const AtelierDoorOperation *operation; /* (nullable) until it is routed */
  AtelierDoorSignature       *signature; /* (owned) */
  char                       *method;    /* (owned) */
  char                       *id;        /* (owned) x-amz-request-id */
  char                       *bucket;    /* (owned) (nullable) */
  char                       *key;       /* (owned) (nullable) normalised */
  gboolean                    key_is_folder; /* spelt with a final slash */
  GHashTable                 *query;     /* (owned) (element-type utf8 utf8) decoded */
  SoupMessageHeaders         *headers;   /* (owned) of the request */

  /* The body, as it comes. */
  GString                    *xml;       /* (owned) (nullable) */
  AtelierObjectFile          *file;      /* (owned) (nullable) */
  AtelierDoorChunked         *chunked;   /* (owned) (nullable) */
  GChecksum                  *md5;       /* (owned) (nullable) of the content */
  GChecksum                  *sha256;    /* (owned) (nullable) of the content */
  AtelierDoorChecksum        *checksum;  /* (owned) (nullable) the one the client sends */
  gint64                      received;  /* bytes of content */
  gint64                      expected;  /* bytes of content, -1: not told */
  GError                     *error;     /* (owned) (nullable) the first fault */
};

const char *atelier_door_request_header (AtelierDoorRequest *self,
                                         const char         *name);
const char *atelier_door_request_query (AtelierDoorRequest *self,
                                        const char         *name);
char       *atelier_door_request_uri (AtelierDoorRequest *self); /* (transfer full): s3://BUCKET/KEY */
char       *atelier_door_request_path (AtelierDoorRequest *self); /* (transfer full): of the object */
char       *atelier_door_bucket_path (AtelierDoor *door,
                                      const char  *bucket);
/* Opens the object @key for reading; -1 where there is none. */
int         atelier_door_open_object (AtelierDoor *door,
                                      const char  *bucket,
                                      const char  *key,
                                      struct stat *status);
gboolean    atelier_door_request_need_bucket (AtelierDoorRequest *self,
                                              GError            **error);
void        atelier_door_request_log (AtelierDoorRequest *self,
                                      const char         *operation,
                                      const char         *uri,
                                      gint64              size_bytes,
                                      gint64              mtime_ns,
                                      const char         *digest);

/* atelier-door-receive.c: the body. */
gboolean    atelier_door_request_begin (AtelierDoorRequest *self,
                                        GError            **error);
void        atelier_door_request_receive (AtelierDoorRequest *self,
                                          const guint8       *data,
                                          gsize               length);
/* Whether everything came and every checksum of it is right. */
gboolean    atelier_door_request_end (AtelierDoorRequest *self,
                                      GError            **error);

/* The operations. */
AtelierDoorReply *atelier_door_get_object (AtelierDoorRequest *request, GError **error);
AtelierDoorReply *atelier_door_put_object (AtelierDoorRequest *request, GError **error);
AtelierDoorReply *atelier_door_copy_object (AtelierDoorRequest *request, GError **error);
AtelierDoorReply *atelier_door_delete_object (AtelierDoorRequest *request, GError **error);
AtelierDoorReply *atelier_door_delete_objects (AtelierDoorRequest *request, GError **error);
AtelierDoorReply *atelier_door_list_buckets (AtelierDoorRequest *request, GError **error);
AtelierDoorReply *atelier_door_head_bucket (AtelierDoorRequest *request, GError **error);
AtelierDoorReply *atelier_door_create_bucket (AtelierDoorRequest *request, GError **error);
AtelierDoorReply *atelier_door_get_location (AtelierDoorRequest *request, GError **error);
AtelierDoorReply *atelier_door_get_versioning (AtelierDoorRequest *request, GError **error);
AtelierDoorReply *atelier_door_list_objects (AtelierDoorRequest *request, GError **error);
AtelierDoorReply *atelier_door_create_upload (AtelierDoorRequest *request, GError **error);
AtelierDoorReply *atelier_door_upload_part (AtelierDoorRequest *request, GError **error);
AtelierDoorReply *atelier_door_copy_part (AtelierDoorRequest *request, GError **error);
AtelierDoorReply *atelier_door_complete_upload (AtelierDoorRequest *request, GError **error);
AtelierDoorReply *atelier_door_abort_upload (AtelierDoorRequest *request, GError **error);
AtelierDoorReply *atelier_door_list_parts (AtelierDoorRequest *request, GError **error);

/* Makes @file the object. ETag, digest and headers of @facts are kept with it; where that is impossible they are put
 * right. */
gboolean atelier_door_publish (AtelierObjectFile *file,
                               AtelierDoorFacts  *facts,
                               gint64            *size_bytes,
                               GError           **error);

/* What a copy reads: the object of x-amz-copy-source, whose conditions hold. */
typedef struct
{
  char  *uri; /* (owned) */
  int    fd;  /* (owned) -1: none */
  gint64 size_bytes;
  gint64 mtime_ns;
} AtelierDoorSource;
void     atelier_door_source_clear (AtelierDoorSource *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (AtelierDoorSource, atelier_door_source_clear)
gboolean atelier_door_source_open (AtelierDoorRequest *request,
                                   AtelierDoorSource  *source,
                                   AtelierDoorFacts   *facts,
                                   GError            **error);
/* The body of a CopyObjectResult or CopyPartResult, to its end. */
void     atelier_door_reply_copied (AtelierDoorReply *reply,
                                    const char       *root,
                                    const char       *etag,
                                    gint64            mtime_ns);
/* (transfer full): "2024-01-31T12:00:00.000Z" */
char    *atelier_door_format_date (gint64 mtime_ns);
/* (transfer full): the headers that belong to the object and are given back with it */
json_t  *atelier_door_keep_headers (SoupMessageHeaders *headers);
/* One range of `bytes=…`. FALSE where it means nothing; *start is @size or more where it cannot be satisfied. */
gboolean atelier_door_parse_range (const char *text,
                                   gint64      size,
                                   gint64     *start,
                                   gint64     *end);

/* atelier-door-upload.c: STORE/.atelier-tmp-uploads/ID, whose parts are files. */
char    *atelier_door_upload_part_path (AtelierDoorRequest *request,
                                        GError            **error);
void     atelier_door_remove_old_uploads (AtelierDoor *door,
                                          gint64       now_us);

G_END_DECLS
