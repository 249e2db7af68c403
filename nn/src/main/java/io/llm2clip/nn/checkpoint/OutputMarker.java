package io.llm2clip.nn.checkpoint;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Says which files of a folder this program wrote: only these are ever replaced. It is a small JSON file in the folder itself.
 *
 * @param kind of what the folder holds, such as "model"
 * @param files the size in bytes of each file, by its path relative to the folder, with slashes
 */
record OutputMarker(String kind, Map<String, Long> files) {
    static final String FILE = ".llm2clip-output.json";

    private static final String MAGIC = "llm2clip output";
    private static final int VERSION = 1;
    /** What file managers leave wherever they look. */
    private static final Set<String> LITTER = Set.of(".DS_Store", "Thumbs.db", "desktop.ini");

    private static final JsonMapper JSON = new JsonMapper();

    OutputMarker {
        files = new TreeMap<>(files);
    }

    /** Describes what is in a folder, and writes that into it. */
    static void write(Path folder, String kind) throws IOException {
        ObjectNode node = JSON.createObjectNode();
        node.put("magic", MAGIC).put("version", VERSION).put("kind", kind);
        ObjectNode files = node.putObject("files");
        for (Path file : entries(folder)) {
            files.put(name(folder, file), Files.size(file));
        }
        AtomicFile.write(
                folder.resolve(FILE),
                (JSON.writerWithDefaultPrettyPrinter().writeValueAsString(node) + "\n")
                        .getBytes(StandardCharsets.UTF_8));
    }

    /** The marker of a folder, empty if there is none or it is none of ours. */
    static Optional<OutputMarker> read(Path folder) {
        try {
            JsonNode node = JSON.readTree(Files.readAllBytes(folder.resolve(FILE)));
            JsonNode kind = node.path("kind");
            JsonNode files = node.path("files");
            if (!node.path("magic").asString("").equals(MAGIC)
                    || node.path("version").asInt(0) != VERSION
                    || !kind.isString()
                    || !files.isObject()) {
                return Optional.empty();
            }
            Map<String, Long> sizes = new TreeMap<>();
            files.propertyStream()
                    .forEach(file -> sizes.put(file.getKey(), file.getValue().asLong(-1)));
            return Optional.of(new OutputMarker(kind.stringValue(), sizes));
        } catch (IOException | JacksonException e) {
            return Optional.empty();
        }
    }

    /** Files, links and empty folders that are not ours, in order. */
    List<String> foreign(Path folder) throws IOException {
        return entries(folder).stream()
                .map(entry -> name(folder, entry))
                .filter(name -> !files.containsKey(name))
                .toList();
    }

    /** Files of ours that are missing or have another size, in order. */
    List<String> damaged(Path folder) throws IOException {
        List<String> damaged = new ArrayList<>();
        for (Map.Entry<String, Long> file : files.entrySet()) {
            Path path = folder.resolve(file.getKey());
            if (!Files.isRegularFile(path) || Files.size(path) != file.getValue()) {
                damaged.add(file.getKey());
            }
        }
        return damaged;
    }

    /** What is below a folder: all but the marker, litter, and the folders that hold something. */
    private static List<Path> entries(Path folder) throws IOException {
        List<Path> entries = new ArrayList<>();
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (!file.equals(folder.resolve(FILE))
                        && !LITTER.contains(file.getFileName().toString())) {
                    entries.add(file);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException error) throws IOException {
                if (error != null) {
                    throw error;
                }
                try (DirectoryStream<Path> content = Files.newDirectoryStream(directory)) {
                    if (!directory.equals(folder) && !content.iterator().hasNext()) {
                        entries.add(directory);
                    }
                }
                return FileVisitResult.CONTINUE;
            }
        });
        entries.sort(null);
        return entries;
    }

    private static String name(Path folder, Path entry) {
        return folder.relativize(entry).toString().replace('\\', '/');
    }
}
