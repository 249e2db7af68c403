package io.llm2clip.image;

import java.awt.Rectangle;
import java.io.IOException;

/** All pixels of a picture in memory, turned upright. */
final class UprightImage {
    private UprightImage() {}

    static RgbImage of(StoredPixels stored, Orientation orientation) throws IOException {
        int width = orientation.uprightWidth(stored);
        int height = orientation.uprightHeight(stored);
        byte[] pixels = new byte[Math.multiplyExact(Math.multiplyExact(3, width), height)];
        stored.read(new Rectangle(stored.width(), stored.height()), (row, rgb) -> {
            orientation.alignColumns(rgb);
            int position = orientation.positionOfRow(stored, row);
            if (orientation.transposed()) {
                for (int y = 0; y < height; y++) {
                    System.arraycopy(rgb, 3 * y, pixels, 3 * (y * width + position), 3);
                }
            } else {
                System.arraycopy(rgb, 0, pixels, 3 * position * width, 3 * width);
            }
        });
        return new RgbImage(width, height, pixels);
    }
}
