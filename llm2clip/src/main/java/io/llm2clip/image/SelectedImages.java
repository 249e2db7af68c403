package io.llm2clip.image;

/** Some of the images of a source, under new numbers. */
@SuppressWarnings("ArrayRecordComponent") // Never compared.
record SelectedImages(ImageSource images, int[] indices) implements ImageSource {
    @Override
    public int count() {
        return indices.length;
    }

    @Override
    public String name(int index) {
        return images.name(indices[index]);
    }

    @Override
    public Preprocessing preprocessing() {
        return images.preprocessing();
    }

    @Override
    public RgbImage read(int index) {
        return images.read(indices[index]);
    }
}
