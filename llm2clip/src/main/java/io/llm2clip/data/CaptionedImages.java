package io.llm2clip.data;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A folder of images with a {@code captions.jsonl}: one JSON object a line,
 * {@code {"image": "relative/path.jpg", "captions": ["...", "..."]}}, in UTF-8. One caption may also be a plain string, and the key
 * {@code caption}; other keys are kept.
 *
 * <p>Lines that break the format and lines whose image is missing or lies outside the folder are skipped and reported;
 * captions that are blank or no strings are left out and counted. More than one bad line in
 * ten, or no usable line, is an error. Images are not decoded here.
 *
 * @param folder the data set
 * @param items in file order
 */
public record CaptionedImages(Path folder, List<CaptionedImage> items, DataReport report) {
    /** The name of the caption file. */
    public static final String CAPTIONS = "captions.jsonl";

    public CaptionedImages {
        items = List.copyOf(items);
    }

    /**
     * Reads a data set.
     *
     * @throws InputException when the folder or its caption file is missing, empty or mostly unusable
     */
    public static CaptionedImages open(Path folder) {
        List<CaptionedImage> items = new ArrayList<>();
        DataReport report = CaptionFileLines.scan(folder, (_, image) -> items.add(image));
        return new CaptionedImages(folder, items, report);
    }

    /** The number of usable images. */
    public int size() {
        return items.size();
    }
}
