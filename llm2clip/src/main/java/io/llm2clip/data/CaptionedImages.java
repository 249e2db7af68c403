package io.llm2clip.data;

import io.llm2clip.data.JsonLines.BadLineException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A folder of images with a {@code captions.jsonl}: one JSON object a line,
 * {@code {"image": "relative/path.jpg", "captions": ["...", "..."]}}, in UTF-8. Other keys are kept.
 *
 * <p>Lines that break the format and lines whose image is missing are skipped and reported. More than one bad line in
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
        Path file = folder.resolve(CAPTIONS);
        if (!Files.isRegularFile(file)) {
            throw new InputException("The data folder %s has no %s; %s".formatted(folder, CAPTIONS, FORMAT));
        }
        var report = new DataReport.Builder(file.toString());
        List<CaptionedImage> items = new ArrayList<>();
        JsonLines.read(file, report, (line, object) -> {
            CaptionedImage item = item(folder, object);
            if (Files.isRegularFile(item.path())) {
                report.use();
                items.add(item);
            } else {
                report.skipMissing(line, "image file missing", item.image());
            }
        });
        return new CaptionedImages(folder, items, report.build(FORMAT));
    }

    /** The number of usable images. */
    public int size() {
        return items.size();
    }

    private static CaptionedImage item(Path folder, ObjectNode object) throws BadLineException {
        JsonNode node = object.get("image");
        if (node == null) {
            throw new BadLineException("no key \"image\"", "");
        }
        if (!node.isString() || node.stringValue().isBlank()) {
            throw new BadLineException("\"image\" is not a path", "");
        }
        String image = node.stringValue();
        Path path = resolve(folder, image);
        List<String> captions = JsonLines.captions(object);
        ObjectNode extra = object.deepCopy();
        extra.remove(List.of("image", "captions"));
        return new CaptionedImage(image, path, captions, extra);
    }

    private static Path resolve(Path folder, String image) throws BadLineException {
        try {
            Path root = folder.toAbsolutePath().normalize();
            Path relative = Path.of(image);
            Path path = root.resolve(relative).normalize();
            if (relative.isAbsolute() || !path.startsWith(root)) {
                throw new BadLineException("image path leaves the folder", image);
            }
            return path;
        } catch (InvalidPathException e) {
            throw new BadLineException("\"image\" is not a path", String.valueOf(e.getReason()));
        }
    }
}
