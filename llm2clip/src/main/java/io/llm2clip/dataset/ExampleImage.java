package io.llm2clip.dataset;

import io.llm2clip.image.ImageReader;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.image.RgbImage;
import java.nio.file.Path;

/** An encoded image, where it is. */
public sealed interface ExampleImage {
    /** What it is called in messages. */
    String name();

    /**
     * Decodes it to what a model takes.
     *
     * @throws io.llm2clip.data.InputException naming it, if it cannot be used
     */
    RgbImage read(ImageReader reader, Preprocessing preprocessing);

    /**
     * Decodes it as it is.
     *
     * @throws io.llm2clip.data.InputException naming it, if it cannot be used
     */
    RgbImage whole(ImageReader reader);

    /** A file of its own. */
    record OfFile(Path file) implements ExampleImage {
        @Override
        public String name() {
            return file.toString();
        }

        @Override
        public RgbImage read(ImageReader reader, Preprocessing preprocessing) {
            return reader.resized(file, preprocessing);
        }

        @Override
        public RgbImage whole(ImageReader reader) {
            return reader.read(file);
        }
    }

    /** Bytes from a larger file. */
    @SuppressWarnings(
            "ArrayRecordComponent") // Never compared; copying an image to protect it would double what it costs.
    record OfBytes(String name, byte[] content) implements ExampleImage {
        @Override
        public RgbImage read(ImageReader reader, Preprocessing preprocessing) {
            return reader.resized(content, name, preprocessing);
        }

        @Override
        public RgbImage whole(ImageReader reader) {
            return reader.decode(content, name);
        }
    }

    /** Pixels in memory. */
    record OfPixels(String name, RgbImage pixels) implements ExampleImage {
        @Override
        public RgbImage read(ImageReader reader, Preprocessing preprocessing) {
            return preprocessing.resized(pixels);
        }

        @Override
        public RgbImage whole(ImageReader reader) {
            return pixels;
        }
    }
}
