package io.llm2clip.cli;

import io.llm2clip.data.Item;
import io.llm2clip.embedding.NpyWriter;
import io.llm2clip.embedding.ParquetWriter;
import io.llm2clip.embedding.SafetensorsVectors;
import io.llm2clip.embedding.VectorFile;
import io.llm2clip.embedding.VectorType;
import java.io.IOException;
import java.io.Writer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** Where vectors go: standard output, or a file of some format. */
final class VectorOutputs {
    private VectorOutputs() {}

    /** Standard output. */
    static VectorFile printing(Terminal terminal) {
        return terminal.json() ? new JsonLines(terminal::print) : new Lines(terminal::print);
    }

    /** Lines of a file; binary formats need to know more. */
    static VectorFile writing(VectorFormat format, FileChannel channel) {
        FileLines lines = new FileLines(Channels.newWriter(channel, StandardCharsets.UTF_8));
        return format == VectorFormat.LINES ? new Lines(lines) : new JsonLines(lines);
    }

    /**
     * A file.
     *
     * @param dimension E, of all vectors
     * @param sizes of all that will be written
     */
    static VectorFile writing(
            VectorFormat format, VectorType type, FileChannel channel, int dimension, SafetensorsVectors.Sizes sizes)
            throws IOException {
        return switch (format) {
            case JSON_LINES, LINES -> writing(format, channel);
            case NUMPY -> new NpyWriter(channel, type, dimension);
            case PARQUET -> new ParquetWriter(channel, type, dimension);
            case SAFETENSORS -> new SafetensorsVectors(channel, type, dimension, sizes);
        };
    }

    /** The line that names a row of a file without names. */
    static String rowName(Item item, boolean json) {
        return json ? Json.MAPPER.writeValueAsString(names(item)) : LineFormat.escape(item.label());
    }

    /** Receives lines. */
    private interface LineTarget {
        void line(String text) throws IOException;

        default void finish() throws IOException {}
    }

    private record FileLines(Writer writer) implements LineTarget {
        @Override
        public void line(String text) throws IOException {
            writer.write(text);
            writer.write('\n');
        }

        @Override
        public void finish() throws IOException {
            writer.flush();
        }
    }

    /** The label, a tab and the values. */
    private record Lines(LineTarget lines) implements VectorFile {
        @Override
        public void add(Item item, MemorySegment vector) throws IOException {
            lines.line(LineFormat.escape(item.label()) + "\t" + LineFormat.values(values(vector)));
        }

        @Override
        public void finish() throws IOException {
            lines.finish();
        }
    }

    /** An object per item, also of one that was skipped. */
    private record JsonLines(LineTarget lines) implements VectorFile {
        @Override
        public void add(Item item, MemorySegment vector) throws IOException {
            write(item, "embedding", values(vector));
        }

        @Override
        public void skip(Item item, String reason) throws IOException {
            write(item, "error", reason);
        }

        private void write(Item item, String name, Object value) throws IOException {
            Map<String, Object> object = names(item);
            object.put(name, value);
            lines.line(Json.MAPPER.writeValueAsString(object));
        }

        @Override
        public void finish() throws IOException {
            lines.finish();
        }
    }

    private static Map<String, Object> names(Item item) {
        Map<String, Object> names = new LinkedHashMap<>();
        String key = item.key();
        if (key != null) {
            names.put("key", key);
        }
        names.put(item.kind(), item.name());
        return names;
    }

    private static float[] values(MemorySegment vector) {
        return vector.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
    }
}
