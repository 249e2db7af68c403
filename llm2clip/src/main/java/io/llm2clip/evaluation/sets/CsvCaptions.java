package io.llm2clip.evaluation.sets;

import io.llm2clip.data.InputException;
import io.llm2clip.data.JsonLines;
import io.llm2clip.data.JsonLines.BadLineException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tables with commas between fields and a head: {@code image,caption} with a row per caption, as {@code flickr30k_test_karpathy.txt}, or
 * {@code raw,sentids,split,filename,img_id} with a row per image whose captions are a JSON list, as {@code flickr_annotations_30k.csv}.
 */
final class CsvCaptions {
    /** What follows a closing quote belongs to the field, and the last quote may be missing. */
    private static final CSVFormat CSV = CSVFormat.RFC4180
            .builder()
            .setTrailingData(true)
            .setLenientEof(true)
            .get();

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String FORMAT =
            "expected the columns image and caption, or raw, split and filename, in the first line.";

    private CsvCaptions() {}

    /** Whether the file begins as such a table does. */
    static boolean hasHead(Path file) {
        return rows(file).stream()
                .findFirst()
                .filter(head -> head.contains("caption"))
                .isPresent();
    }

    static RetrievalSet read(String title, Path folder, Path file, ImagePlaces places) {
        SetBuilder builder = new SetBuilder(title, folder, places, file, "row");
        List<List<String>> rows = rows(file);
        List<String> head = rows.isEmpty() ? List.of() : rows.getFirst();
        int image = Math.max(head.indexOf("image"), head.indexOf("filename"));
        int caption = Math.max(head.indexOf("caption"), head.indexOf("raw"));
        int split = head.indexOf("split");
        if (image < 0 || caption < 0) {
            throw new InputException("%s: %s".formatted(file, FORMAT));
        }
        for (int row = 1; row < rows.size(); row++) {
            List<String> fields = rows.get(row);
            try {
                if (fields.size() != head.size()) {
                    throw new BadLineException(
                            "another number of fields than in the first row",
                            "%d instead of %d".formatted(fields.size(), head.size()));
                }
                if (split < 0) {
                    builder.caption(
                            row, fields.get(image), "", fields.get(caption).strip());
                } else if (fields.get(split).equals("test")) {
                    builder.image(row, fields.get(image), captions(fields.get(caption), builder));
                }
            } catch (BadLineException e) {
                builder.report().skipBad(row, String.valueOf(e.getMessage()), e.detail());
            }
        }
        return builder.build(FORMAT);
    }

    private static List<String> captions(String json, SetBuilder builder) throws BadLineException {
        try {
            JsonNode list = JSON.readTree(json);
            if (list.isArray()) {
                return JsonLines.texts(list, builder.report()::leaveOut);
            }
        } catch (JacksonException e) {
            throw new BadLineException("captions are no JSON list", "");
        }
        throw new BadLineException("captions are no JSON list", "");
    }

    private static List<List<String>> rows(Path file) {
        try {
            String text = Files.readString(file);
            try (CSVParser parser = CSVParser.parse(text.startsWith("\uFEFF") ? text.substring(1) : text, CSV)) {
                return parser.stream()
                        .map(CSVRecord::toList)
                        .filter(row -> row.size() > 1 || !row.getFirst().isBlank())
                        .toList();
            }
        } catch (CharacterCodingException e) {
            throw new InputException("%s: expected text in UTF-8, found other bytes; convert it.".formatted(file), e);
        } catch (IOException | UncheckedIOException e) {
            throw new InputException("%s cannot be read (%s).".formatted(file, e.getMessage()), e);
        }
    }
}
