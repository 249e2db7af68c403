package io.llm2clip.evaluation.sets;

import io.llm2clip.data.CaptionedImage;
import io.llm2clip.data.CaptionedImages;
import io.llm2clip.data.DataDigest;
import io.llm2clip.data.DataReport;
import io.llm2clip.data.InputException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Images and captions that are to find each other.
 *
 * @param title what people call the data set
 * @param folder that it lies in
 * @param images at least two, each once
 * @param captions by language, for each image its captions in this language, perhaps none; the language of a set that has one is
 *     {@link #ONE_LANGUAGE}
 * @param report what of the annotation was used
 */
public record RetrievalSet(
        String title, Path folder, List<Image> images, Map<String, List<List<String>>> captions, DataReport report) {
    /** Stands for the language of sets in one. */
    public static final String ONE_LANGUAGE = "";

    /**
     * An image file.
     *
     * @param name as the annotation has it
     * @param file where it lies
     */
    public record Image(String name, Path file) {}

    /** @throws InputException if there are fewer than two images */
    public RetrievalSet {
        images = List.copyOf(images);
        captions = Collections.unmodifiableMap(new LinkedHashMap<>(captions));
        requireTwo(folder, images.size());
    }

    /** A folder of images with a {@code captions.jsonl}. */
    public static RetrievalSet of(CaptionedImages data) {
        return new RetrievalSet(
                data.folder().toString(),
                data.folder(),
                data.items().stream()
                        .map(item -> new Image(item.image(), item.path()))
                        .toList(),
                Map.of(
                        ONE_LANGUAGE,
                        data.items().stream().map(CaptionedImage::captions).toList()),
                data.report());
    }

    /** The images of some numbers, in this order, with their captions. */
    public RetrievalSet select(List<Integer> numbers) {
        Map<String, List<List<String>>> selected = new LinkedHashMap<>();
        captions.forEach((language, each) ->
                selected.put(language, numbers.stream().map(each::get).toList()));
        return new RetrievalSet(title, folder, numbers.stream().map(images::get).toList(), selected, report);
    }

    /** Says of names and captions whether two measured with the same. */
    public String digest() {
        List<List<String>> groups = new ArrayList<>();
        groups.add(images.stream().map(Image::name).toList());
        captions.forEach((language, each) -> {
            groups.add(List.of(language));
            groups.addAll(each);
        });
        return DataDigest.ofCaptions(groups);
    }

    /**
     * Checks that there is something to be mistaken for.
     *
     * @throws InputException if there are fewer than two images
     */
    public static void requireTwo(Path folder, int images) {
        if (images < 2) {
            throw new InputException(
                    "%s has a single usable image, which nothing can be mistaken for; measure with at least two."
                            .formatted(folder));
        }
    }
}
