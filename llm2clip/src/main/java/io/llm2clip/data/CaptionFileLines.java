package io.llm2clip.data;

import io.llm2clip.data.JsonLines.BadLineException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The lines of a {@code captions.jsonl}, as {@link CaptionedImages} describes them: all of them in turn, or one again later, so that
 * a file of any length need not be in memory.
 */
public final class CaptionFileLines {
    private static final String FORMAT =
            "a line has the form {\"image\": \"relative/path.jpg\", \"captions\": [\"a caption\", \"another one\"]}.";

    private final DataFolder root;

    private CaptionFileLines(DataFolder root) {
        this.root = root;
    }

    /** Receives usable lines. */
    public interface Target {
        /**
         * A usable line.
         *
         * @param line its number, from 1
         */
        void image(int line, CaptionedImage image);
    }

    /** Of a folder, whose lines were scanned before. */
    public static CaptionFileLines of(Path folder) {
        return new CaptionFileLines(new DataFolder(folder));
    }

    /**
     * Reads all lines.
     *
     * @throws InputException when the folder or its caption file is missing, empty or mostly unusable
     */
    public static DataReport scan(Path folder, Target target) {
        if (!Files.isDirectory(folder)) {
            throw new InputException("The data folder %s does not exist; give a folder of images with a %s."
                    .formatted(folder, CaptionedImages.CAPTIONS));
        }
        Path file = CaptionFile.require(folder, FORMAT);
        var report = new DataReport.Builder(file.toString());
        CaptionFileLines lines = of(folder);
        JsonLines.read(file, report, (line, object) -> {
            String image = image(object);
            FileNames.requireAsWritten(image);
            List<String> captions = JsonLines.captions(object, report::leaveOut);
            switch (lines.root.find(image)) {
                case DataFolder.Found found -> {
                    report.use();
                    target.image(line, new CaptionedImage(image, found.file(), captions, extra(object)));
                }
                case DataFolder.Missing _ -> report.skipMissing(line, "image file missing", image);
                case DataFolder.Outside outside -> report.skipOutside(line, outside.reason(), image);
            }
        });
        return report.build(FORMAT);
    }

    /**
     * Reads a line that a scan found usable.
     *
     * @throws InputException if it no longer is
     */
    public CaptionedImage read(String line) {
        try {
            ObjectNode object = JsonLines.parse(line);
            String image = image(object);
            List<String> captions = JsonLines.captions(object, _ -> {});
            synchronized (root) {
                if (root.find(image) instanceof DataFolder.Found found) {
                    return new CaptionedImage(image, found.file(), captions, extra(object));
                }
            }
            throw new InputException("The image %s was there when the run began; put it back.".formatted(image));
        } catch (BadLineException e) {
            throw new InputException(
                    "A line of the caption file has changed since the run began (%s); start a new one."
                            .formatted(e.sentencePart()),
                    e);
        }
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
