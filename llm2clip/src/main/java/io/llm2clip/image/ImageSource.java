package io.llm2clip.image;

import io.llm2clip.data.InputException;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.List;

/**
 * Images at a model's size, wherever they come from: files, pictures in memory, a cache, another source that is varied. They are read one
 * by one, by several threads at a time and in any order; reading one twice gives the same.
 */
public interface ImageSource {
    /** How many images there are, those that cannot be read included. */
    int count();

    /** What image {@code index} is called in messages, such as its file. */
    String name(int index);

    /** What resized the images, and makes model input of them. */
    Preprocessing preprocessing();

    /**
     * Reads an image, as the model takes it.
     *
     * @throws InputException naming it, if it cannot be used; this says nothing of the others
     */
    RgbImage read(int index);

    /** Image files, read when they are asked for. */
    static ImageSource ofFiles(List<Path> files, ImageReader reader, Preprocessing preprocessing) {
        return new FileImages(List.copyOf(files), reader, preprocessing);
    }

    /** Pictures in memory. */
    static ImageSource ofPictures(List<BufferedImage> pictures, Preprocessing preprocessing) {
        return new PicturesInMemory(List.copyOf(pictures), preprocessing);
    }

    /** Images that {@code preprocessing} has resized. */
    static ImageSource ofSized(List<RgbImage> images, Preprocessing preprocessing) {
        return new SizedImages(List.copyOf(images), preprocessing);
    }

    /** The images with the given numbers, in this order. */
    default ImageSource select(int... indices) {
        return new SelectedImages(this, indices.clone());
    }

    /**
     * Each image moved by up to {@code reach} pixels along each axis; edge pixels fill the gap.
     *
     * @param seed for example of the step; image i is moved by a function of it and i
     */
    default ImageSource shifted(int reach, long seed) {
        return new ShiftedImages(this, reach, seed);
    }

    /**
     * Reads all images.
     *
     * @throws InputException if one of them cannot be used
     */
    default List<RgbImage> readAll() {
        return ImageThreads.shared().readAll(this);
    }
}
