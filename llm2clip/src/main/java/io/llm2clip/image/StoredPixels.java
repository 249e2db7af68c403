package io.llm2clip.image;

import java.awt.Rectangle;
import java.io.IOException;

/** The pixels of a picture as they are stored, before any orientation, read row by row. */
interface StoredPixels {
    int width();

    int height();

    /** Delivers the pixels of {@code region} by rows, each row once, from the top down. */
    void read(Rectangle region, RowSink sink) throws IOException;

    /** Takes rows. */
    interface RowSink {
        /**
         * A row of the region.
         *
         * @param y its number in the picture
         * @param rgb its pixels {@code [columns, 3]}; the sink may change them, and they are valid until it returns
         */
        void accept(int y, byte[] rgb);
    }
}
