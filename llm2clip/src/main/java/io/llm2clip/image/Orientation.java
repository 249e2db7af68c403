package io.llm2clip.image;

import java.awt.Rectangle;

/**
 * How stored rows and columns lie in the upright picture: first the axes are exchanged, then each is reversed.
 *
 * @param transposed whether stored rows are upright columns
 * @param columnsReversed whether stored columns run against the upright axis they lie on
 * @param rowsReversed the same of stored rows
 */
record Orientation(boolean transposed, boolean columnsReversed, boolean rowsReversed) {
    static final Orientation UPRIGHT = new Orientation(false, false, false);

    /** The EXIF orientation (tag 0x0112); values outside 2..8 change nothing. */
    static Orientation ofExif(int value) {
        return switch (value) {
            case 2 -> new Orientation(false, true, false);
            case 3 -> new Orientation(false, true, true);
            case 4 -> new Orientation(false, false, true);
            case 5 -> new Orientation(true, false, false);
            case 6 -> new Orientation(true, false, true);
            case 7 -> new Orientation(true, true, true);
            case 8 -> new Orientation(true, true, false);
            default -> UPRIGHT;
        };
    }

    int uprightWidth(StoredPixels stored) {
        return transposed ? stored.height() : stored.width();
    }

    int uprightHeight(StoredPixels stored) {
        return transposed ? stored.width() : stored.height();
    }

    /** Where upright columns {@code [left, right)} of upright rows {@code [top, bottom)} are stored. */
    Rectangle stored(StoredPixels pixels, int left, int right, int top, int bottom) {
        int firstColumn = transposed ? top : left;
        int lastColumn = transposed ? bottom : right;
        int firstRow = transposed ? left : top;
        int lastRow = transposed ? right : bottom;
        return new Rectangle(
                columnsReversed ? pixels.width() - lastColumn : firstColumn,
                rowsReversed ? pixels.height() - lastRow : firstRow,
                lastColumn - firstColumn,
                lastRow - firstRow);
    }

    /** The position along its upright axis of a stored row. */
    int positionOfRow(StoredPixels pixels, int row) {
        return rowsReversed ? pixels.height() - 1 - row : row;
    }

    /** Puts the pixels of a stored row, or of a part of one, in the order of their upright axis. */
    void alignColumns(byte[] rgb) {
        if (!columnsReversed) {
            return;
        }
        for (int left = 0, right = rgb.length - 3; left < right; left += 3, right -= 3) {
            for (int channel = 0; channel < 3; channel++) {
                byte swapped = rgb[left + channel];
                rgb[left + channel] = rgb[right + channel];
                rgb[right + channel] = swapped;
            }
        }
    }
}
