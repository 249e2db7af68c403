package io.llm2clip.image;

/** EXIF orientation (tag 0x0112): how the stored rows and columns lie in the picture. */
final class Orientation {
    private Orientation() {}

    /** Turns a stored image upright; values outside 2..8 change nothing. */
    static RgbImage apply(int orientation, RgbImage image) {
        if (orientation < 2 || orientation > 8) {
            return image;
        }
        boolean transposed = orientation >= 5;
        int width = transposed ? image.height() : image.width();
        int height = transposed ? image.width() : image.height();
        byte[] upright = new byte[image.pixels().length];
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                // Where upright (x, y) is stored: transpose first, then mirror along the stored axes.
                int column = transposed ? y : x;
                int row = transposed ? x : y;
                if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) {
                    column = image.width() - 1 - column;
                }
                if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) {
                    row = image.height() - 1 - row;
                }
                System.arraycopy(image.pixels(), 3 * (row * image.width() + column), upright, 3 * (y * width + x), 3);
            }
        }
        return new RgbImage(width, height, upright);
    }
}
