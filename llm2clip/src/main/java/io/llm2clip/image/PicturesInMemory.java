package io.llm2clip.image;

import java.awt.image.BufferedImage;
import java.util.List;

/** Pictures of any size that a program has in memory. */
record PicturesInMemory(List<BufferedImage> pictures, Preprocessing preprocessing) implements ImageSource {
    @Override
    public int count() {
        return pictures.size();
    }

    @Override
    public String name(int index) {
        return "number " + index;
    }

    @Override
    public RgbImage read(int index) {
        return preprocessing.resized(RgbImage.of(pictures.get(index)));
    }
}
