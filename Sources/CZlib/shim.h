// zlib, for reading gzipped networks and properties. inflateInit2 is a macro, which Swift cannot import.
#include <zlib.h>

static inline int zlib_begin_gunzip(z_stream *stream) {
    return inflateInit2(stream, 15 + 32);  // 32: detect gzip or zlib headers
}
