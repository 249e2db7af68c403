package io.llm2clip.data;

import io.llm2clip.data.JsonLines.BadLineException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

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

    private static final String FORMAT =
            "a line has the form {\"image\": \"relative/path.jpg\", \"captions\": [\"a caption\", \"another one\"]}.";

    public CaptionedImages {
        items = List.copyOf(items);
    }

    /**
     * Reads a data set.
     *
     * @throws InputException when the folder or its caption file is missing, empty or mostly unusable
     */
    public static CaptionedImages open(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new InputException("The data folder %s does not exist; give a folder of images with a %s."
                    .formatted(folder, CAPTIONS));
        }
        Path file = CaptionFile.require(folder, FORMAT);
        var report = new DataReport.Builder(file.toString());
        List<CaptionedImage> items = new ArrayList<>();
        DataFolder root = new DataFolder(folder);
        JsonLines.read(file, report, (line, object) -> {
            String image = image(object);
            FileNames.requireAsWritten(image);
            List<String> captions = JsonLines.captions(object, report);
            switch (root.find(image)) {
                case DataFolder.Found found -> {
                    report.use();
                    items.add(new CaptionedImage(image, found.file(), captions, extra(object)));
                }
                case DataFolder.Missing _ -> report.skipMissing(line, "image file missing", image);
                case DataFolder.Outside outside -> report.skipOutside(line, outside.reason(), image);
            }
        });
        return new CaptionedImages(folder, items, report.build(FORMAT));
    }

    /**
     * Checks that most images could be read: what is learned from or measured on a remainder misleads.
     *
     * @param failures a sentence for each image that could not be read
     * @throws InputException if these are more than half
     */
    public void requireReadable(List<String> failures) {
        if (2L * failures.size() > size()) {
            throw new InputException("%d of the %d images of %s cannot be read, the first because: %s"
                    .formatted(failures.size(), size(), folder, failures.getFirst()));
        }
    }

    /** The number of usable images. */
    public int size() {
        return items.size();
    }

    private static String image(ObjectNode object) throws BadLineException {
        JsonNode node = object.get("image");
        if (node == null) {
            throw new BadLineException("no key \"image\"", "");
        }
        if (!node.isString() || node.stringValue().isBlank()) {
            throw new BadLineException("\"image\" is not a path", "");
        }
        return node.stringValue();
    }

    private static ObjectNode extra(ObjectNode object) {
        ObjectNode extra = object.deepCopy();
        extra.remove(List.of("image", extra.has("captions") ? "captions" : "caption"));
        return extra;
    }
}
