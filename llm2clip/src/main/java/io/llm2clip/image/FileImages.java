package io.llm2clip.image;

import java.nio.file.Path;
import java.util.List;

/** Image files. */
record FileImages(List<Path> files, ImageReader reader, Preprocessing preprocessing) implements ImageSource {
    @Override
    public int count() {
        return files.size();
    }

    @Override
    public String name(int index) {
        return files.get(index).toString();
    }

    @Override
    public RgbImage read(int index) {
        return reader.resized(files.get(index), preprocessing);
    }
}
