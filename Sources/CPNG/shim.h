// libpng, for datasets of images. Its simplified interface only: the other one leaves by longjmp, which must not cross
// Swift's frames. The formats are macros with casts, which Swift cannot import.
#include <png.h>
#include <string.h>

static inline png_image png_shim_start(void) {
    png_image image;
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    return image;
}

static inline int png_shim_has_color(const png_image *image) { return (image->format & PNG_FORMAT_FLAG_COLOR) != 0; }
static inline int png_shim_has_alpha(const png_image *image) { return (image->format & PNG_FORMAT_FLAG_ALPHA) != 0; }
static inline int png_shim_is_deep(const png_image *image) { return (image->format & PNG_FORMAT_FLAG_LINEAR) != 0; }

static inline void png_shim_want_color(png_image *image) { image->format = PNG_FORMAT_RGB; }
static inline void png_shim_want_gray(png_image *image) { image->format = PNG_FORMAT_GRAY; }

static inline const char *png_shim_message(const png_image *image) { return image->message; }
