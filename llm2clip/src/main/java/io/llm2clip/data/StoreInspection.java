package io.llm2clip.data;

import io.llm2clip.inspection.ModelReport;
import io.llm2clip.inspection.ModelReport.Kind;
import io.llm2clip.inspection.PartReport;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.progress.Quantity;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** Finds out what a {@link TextVectorStore} holds, also while a process adds to it. */
public final class StoreInspection {
    private static final int SHOWN = 24;

    private final Path folder;
    private final List<PartReport> parts = new ArrayList<>();
    private final List<String> pending = new ArrayList<>();
    private final List<String> remarks = new ArrayList<>();
    private final Map<Path, Long> files = new LinkedHashMap<>();

    private StoreInspection(Path folder) {
        this.folder = folder;
    }

    /**
     * Looks at a store.
     *
     * @return empty if there is none in this folder
     */
    public static Optional<ModelReport> of(Path folder) {
        StoreInspection inspection = new StoreInspection(folder);
        try {
            Optional<StoredFloats> type = type(folder);
            List<Path> shares = shares(folder);
            if (type.isEmpty() && shares.isEmpty()) {
                return Optional.empty();
            }
            if (type.isPresent()) {
                inspection.store(folder, "vectors", type.get());
            }
            for (Path share : shares) {
                inspection.share(share);
            }
        } catch (IOException e) {
            throw new CheckpointException("%s: cannot be read: %s.".formatted(folder, IoReason.of(e)), e);
        }
        return Optional.of(new ModelReport(
                folder,
                Kind.TEXT_VECTORS,
                inspection.parts,
                inspection.files,
                Map.of(),
                List.of(),
                inspection.pending,
                inspection.remarks));
    }

    private static Optional<StoredFloats> type(Path folder) {
        return Files.isRegularFile(folder.resolve(StoreFiles.KEYS))
                ? Stream.of(StoredFloats.values())
                        .filter(type -> Files.isRegularFile(folder.resolve(type.file())))
                        .findFirst()
                : Optional.empty();
    }

    private static List<Path> shares(Path folder) throws IOException {
        List<Path> shares = new ArrayList<>();
        if (Files.isDirectory(folder)) {
            try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, VectorPart.NAMES)) {
                for (Path share : found) {
                    if (type(share).isPresent()) {
                        shares.add(share);
                    }
                }
            }
        }
        shares.sort(null);
        return shares;
    }

    private void share(Path share) throws IOException {
        store(share, String.valueOf(share.getFileName()), type(share).orElseThrow());
        if (!Files.exists(share.resolve(StoreFiles.FINISHED))) {
            pending.add("%s is not finished; run 'llm2clip cache-text' with its --part again.".formatted(share));
        }
    }

    private void store(Path store, String name, StoredFloats type) throws IOException {
        Path vectors = store.resolve(type.file());
        Path keys = store.resolve(StoreFiles.KEYS);
        files.put(vectors, Files.size(vectors));
        files.put(keys, Files.size(keys));
        try {
            StoreHeader header = header(vectors, type, store);
            long row = (long) type.bytes() * header.dimension();
            long count = Math.min(
                    Files.size(keys) / MappedRows.ENTRY_BYTES, (Files.size(vectors) - StoreHeader.BYTES) / row);
            Map<String, Object> facts = new LinkedHashMap<>();
            facts.put("vectors", count);
            facts.put("dimension", header.dimension());
            facts.put("type", type.name());
            facts.put("text_encoder", header.fingerprint().parts());
            parts.add(part(
                    name,
                    vectors,
                    "%,d of %,d channels, %s".formatted(count, header.dimension(), type),
                    facts,
                    finished(store, count)));
            if (store.equals(folder)) {
                encoder(vectors, header.fingerprint());
                datasets();
            }
        } catch (InputException e) {
            parts.add(part(name, vectors, "", Map.of(), Optional.of(String.valueOf(e.getMessage()))));
        }
    }

    private static StoreHeader header(Path vectors, StoredFloats type, Path store) throws IOException {
        try (InputStream in = Files.newInputStream(vectors)) {
            return StoreHeader.read(ByteBuffer.wrap(in.readNBytes(StoreHeader.BYTES)), type, store.toString());
        }
    }

    /** Why the store is not whole, if it is not. */
    private static Optional<String> finished(Path store, long count) throws IOException {
        int finished = TextVectorStore.finishedRows(store);
        return count < finished ? Optional.of(TextVectorStore.lost(store, finished, count)) : Optional.empty();
    }

    private void encoder(Path vectors, Fingerprint fingerprint) {
        List<String> told = new ArrayList<>();
        fingerprint.parts().forEach((name, value) -> {
            // Hashes and configurations tell encoders apart, but say nothing to people.
            if (value.length() <= SHOWN) {
                told.add(name + " " + value);
            } else if (value.matches("[0-9a-f]+")) {
                told.add(name + " " + value.substring(0, SHOWN / 2));
            }
        });
        parts.add(part("text encoder", vectors, String.join(", ", told), Map.of(), Optional.empty()));
    }

    private void datasets() throws IOException {
        int filled = 0;
        try (DirectoryStream<Path> marks = Files.newDirectoryStream(folder, StoreFiles.MARKS)) {
            for (Path _ : marks) {
                filled++;
            }
        }
        remarks.add(
                filled == 0
                        ? "It is not known of any data set that all its captions are in it."
                        : "It has the vectors of all captions of %s.".formatted(Quantity.of(filled, "data set")));
    }

    private static PartReport part(
            String name, Path source, String summary, Map<String, Object> facts, Optional<String> problem) {
        return new PartReport(name, source, summary, facts, 0, Map.of(), problem);
    }
}
