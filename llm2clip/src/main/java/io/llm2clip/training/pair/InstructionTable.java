package io.llm2clip.training.pair;

import io.llm2clip.data.InputException;
import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.nn.checkpoint.JsonFault;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Instructions by the names of sources. In a file they are an object, {@code {"squad": "Retrieve passages that answer the question",
 * "allnli": ["one", "or the other"], "captions": {"short to long": "Given a caption, retrieve a detailed relevant caption"}}}: one, several of
 * which one is drawn for each query, or by {@link PairKind#text kind of pair}. Those called {@code captions} are for all sources of captions
 * that have none of their own name.
 *
 * @param bySource in the order of the file
 */
public record InstructionTable(Map<String, Instructions> bySource) {
    /** Instructions for sources of captions that are not named. */
    private static final String CAPTIONS = "captions";

    private static final String FORM =
            "expected an object of a text, a list of texts, or texts by kind of pair for each source";

    /** None. */
    public static final InstructionTable NONE = new InstructionTable(Map.of());

    public InstructionTable {
        bySource = new LinkedHashMap<>(bySource);
    }

    /** Those that the authors of LLM2Vec and LLM2CLIP trained with, by the names of the sources in their data. */
    public static InstructionTable paper() {
        try (InputStream in = Objects.requireNonNull(InstructionTable.class.getResourceAsStream("instructions.json"))) {
            return parse("instructions.json", in.readAllBytes());
        } catch (IOException e) {
            throw new IllegalStateException("The table is part of this library.", e);
        }
    }

    /**
     * Reads a table.
     *
     * @throws InputException if it cannot be read, or is none
     */
    public static InstructionTable read(Path file) {
        try {
            return parse(file.toString(), Files.readAllBytes(file));
        } catch (IOException e) {
            throw new InputException(
                    "The instructions %s cannot be read (%s); %s.".formatted(file, IoReason.of(e), FORM), e);
        }
    }

    private static InstructionTable parse(String file, byte[] content) {
        JsonNode root;
        try {
            root = JsonMapper.shared().readTree(content);
        } catch (JacksonException e) {
            throw new InputException(
                    "The instructions %s are no JSON (%s); %s.".formatted(file, JsonFault.column(e), FORM), e);
        }
        if (!(root instanceof ObjectNode object)) {
            throw new InputException("The instructions %s are no object; %s.".formatted(file, FORM));
        }
        Map<String, Instructions> table = new LinkedHashMap<>();
        object.properties()
                .forEach(entry -> table.put(entry.getKey(), instructions(file, entry.getKey(), entry.getValue())));
        return new InstructionTable(table);
    }

    private static Instructions instructions(String file, String source, JsonNode node) {
        Map<PairKind, List<String>> byKind = new EnumMap<>(PairKind.class);
        if (node instanceof ObjectNode object) {
            object.properties().forEach(entry -> {
                PairKind kind = PairKind.named(entry.getKey())
                        .orElseThrow(() -> new InputException(
                                "The instructions %s of %s are for \"%s\"; expected long to long, short to long, long to short, short to short or query to document."
                                        .formatted(file, source, entry.getKey())));
                byKind.put(kind, texts(file, source, entry.getValue()));
            });
        } else {
            List<String> all = texts(file, source, node);
            for (PairKind kind : PairKind.values()) {
                byKind.put(kind, all);
            }
        }
        return new Instructions(byKind);
    }

    private static List<String> texts(String file, String source, JsonNode node) {
        List<String> texts = new ArrayList<>();
        for (JsonNode text : node.isArray() ? node : List.of(node)) {
            if (!text.isString() || text.stringValue().isBlank()) {
                throw new InputException(
                        "The instructions %s of %s have %s for a text; %s.".formatted(file, source, text, FORM));
            }
            texts.add(text.stringValue().strip());
        }
        return List.copyOf(texts);
    }

    /** The instructions of a source, if there are any. */
    public Optional<Instructions> of(String source, boolean captions) {
        Instructions own = bySource.get(source);
        return Optional.ofNullable(own != null || !captions ? own : bySource.get(CAPTIONS));
    }
}
