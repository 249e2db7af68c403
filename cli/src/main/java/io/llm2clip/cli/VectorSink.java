package io.llm2clip.cli;

import io.llm2clip.data.NpyWriter;
import java.io.IOException;
import java.io.Writer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;

/** Receives vectors with the names of what they belong to. */
interface VectorSink {
    /**
     * Takes a vector.
     *
     * @param kind what the name is: "image" or "text"
     * @param vector f32 in native byte order
     */
    void accept(String kind, String name, MemorySegment vector) throws IOException;

    /** An image has no vector; JSON lines say why. */
    default void skip(String image, String reason) throws IOException {}

    /** Completes the output. */
    default void finish() throws IOException {}

    /** Standard output. */
    static VectorSink printing(Terminal terminal) {
        if (!terminal.json()) {
            return (_, name, vector) -> terminal.print(line(name, vector));
        }
        return new VectorSink() {
            @Override
            public void accept(String kind, String name, MemorySegment vector) {
                terminal.print(json(kind, name, "embedding", values(vector)));
            }

            @Override
            public void skip(String image, String reason) {
                terminal.print(json("image", image, "error", reason));
            }
        };
    }

    /**
     * A file. NumPy's format has no names, so those of its rows are printed.
     *
     * @param dimension E, of all vectors
     */
    static VectorSink writing(VectorFormat format, FileChannel channel, int dimension, Terminal terminal)
            throws IOException {
        return switch (format) {
            case NUMPY -> numpy(new NpyWriter(channel, dimension), terminal);
            case JSON_LINES ->
                new Lines(channel) {
                    @Override
                    public void accept(String kind, String name, MemorySegment vector) throws IOException {
                        write(json(kind, name, "embedding", values(vector)));
                    }

                    @Override
                    public void skip(String image, String reason) throws IOException {
                        write(json("image", image, "error", reason));
                    }
                };
            case LINES ->
                new Lines(channel) {
                    @Override
                    public void accept(String kind, String name, MemorySegment vector) throws IOException {
                        write(line(name, vector));
                    }
                };
        };
    }

    private static VectorSink numpy(NpyWriter file, Terminal terminal) {
        return new VectorSink() {
            @Override
            public void accept(String kind, String name, MemorySegment vector) throws IOException {
                file.add(vector);
                terminal.print(
                        terminal.json() ? Json.MAPPER.writeValueAsString(Map.of(kind, name)) : LineFormat.escape(name));
            }

            @Override
            public void finish() throws IOException {
                file.finish();
            }
        };
    }

    /** A file of lines. */
    abstract class Lines implements VectorSink {
        private final Writer writer;

        private Lines(FileChannel channel) {
            this.writer = Channels.newWriter(channel, StandardCharsets.UTF_8);
        }

        void write(String line) throws IOException {
            writer.write(line);
            writer.write('\n');
        }

        @Override
        public void finish() throws IOException {
            writer.flush();
        }
    }

    private static String json(String kind, String name, String key, Object value) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put(kind, name);
        object.put(key, value);
        return Json.MAPPER.writeValueAsString(object);
    }

    private static String line(String name, MemorySegment vector) {
        return LineFormat.escape(name) + "\t" + LineFormat.values(values(vector));
    }

    private static float[] values(MemorySegment vector) {
        return vector.toArray(ValueLayout.JAVA_FLOAT);
    }
}
