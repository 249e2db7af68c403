package io.llm2clip.image;

import java.util.List;

/** Images of the model's size in memory. */
record SizedImages(List<RgbImage> images, Preprocessing preprocessing) implements ImageSource {
    @Override
    public int count() {
        return images.size();
    }

    @Override
    public String name(int index) {
        return "number " + index;
    }

    @Override
    public RgbImage read(int index) {
        return images.get(index);
    }
}
