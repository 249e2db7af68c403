package io.llm2clip.image;

import java.awt.Rectangle;
import java.io.IOException;
import java.util.Arrays;

/**
 * Where the first picture of an animation lies on its canvas.
 *
 * @param width of the canvas
 * @param height of the canvas
 * @param x column of the picture's first pixel
 * @param y row of the picture's first pixel
 * @param background color of the rest, {@code 0xrrggbb}
 */
record Placement(int width, int height, int x, int y, int background) {

    /** The canvas with the picture on it; it grows where the picture is larger. */
    StoredPixels on(StoredPixels picture) {
        int canvasWidth = Math.max(width, Math.addExact(x, picture.width()));
        int canvasHeight = Math.max(height, Math.addExact(y, picture.height()));
        if (x == 0 && y == 0 && canvasWidth == picture.width() && canvasHeight == picture.height()) {
            return picture;
        }
        return new Canvas(this, canvasWidth, canvasHeight, picture);
    }

    private record Canvas(Placement placement, int width, int height, StoredPixels picture) implements StoredPixels {
        @Override
        public void read(Rectangle region, RowSink sink) throws IOException {
            Rectangle covered =
                    region.intersection(new Rectangle(placement.x, placement.y, picture.width(), picture.height()));
            int top = covered.isEmpty() ? region.y + region.height : covered.y;
            byte[] row = new byte[3 * region.width];
            for (int y = region.y; y < top; y++) {
                sink.accept(y, clear(row));
            }
            if (covered.isEmpty()) {
                return;
            }
            Rectangle part = new Rectangle(covered);
            part.translate(-placement.x, -placement.y);
            picture.read(part, (y, rgb) -> {
                System.arraycopy(rgb, 0, clear(row), 3 * (covered.x - region.x), rgb.length);
                sink.accept(y + placement.y, row);
            });
            for (int y = covered.y + covered.height; y < region.y + region.height; y++) {
                sink.accept(y, clear(row));
            }
        }

        private byte[] clear(byte[] row) {
            Arrays.fill(row, (byte) 0);
            for (int i = 0; placement.background != 0 && i < row.length; i += 3) {
                row[i] = (byte) (placement.background >> 16);
                row[i + 1] = (byte) (placement.background >> 8);
                row[i + 2] = (byte) placement.background;
            }
            return row;
        }
    }
}
