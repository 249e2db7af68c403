package io.llm2clip.bench.memory;

import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A safetensors file of random bf16 weights, written by all threads into the mapped file: gigabytes in seconds. Matrices are uniform with
 * variance 1/fan-in, weights of norms 1 and other vectors 0, so that activations neither vanish nor overflow.
 */
final class RandomCheckpoint {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int PIECE = 1 << 20;
    private static final short ONE = bf16(1);

    private record Piece(MemorySegment tensor, String name, Shape shape, long first, long end) {}

    private RandomCheckpoint() {}

    /** Writes parameters that are declared and need no values. */
    static void write(Path file, List<Parameter> parameters, long seed) throws IOException {
        ObjectNode header = JsonMapper.shared().createObjectNode();
        header.putObject("__metadata__").put("format", "pt");
        long position = 0;
        for (Parameter parameter : parameters) {
            long end = position + 2L * parameter.shape().size();
            ObjectNode entry = header.putObject(parameter.name()).put("dtype", "BF16");
            parameter.shape().toList().forEach(entry.withArray("shape")::add);
            entry.putArray("data_offsets").add(position).add(end);
            position = end;
        }
        StringBuilder json = new StringBuilder(header.toString());
        while (json.length() % 8 != 0) {
            json.append(' ');
        }
        byte[] bytes = json.toString().getBytes(StandardCharsets.UTF_8);
        try (Arena arena = Arena.ofShared();
                FileChannel channel = FileChannel.open(
                        file,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE)) {
            MemorySegment whole = channel.map(MapMode.READ_WRITE, 0, Long.BYTES + bytes.length + position, arena);
            whole.set(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0, bytes.length);
            MemorySegment.copy(bytes, 0, whole, ValueLayout.JAVA_BYTE, Long.BYTES, bytes.length);
            fill(whole.asSlice(Long.BYTES + bytes.length), parameters, new CounterRandom(seed));
        }
    }

    private static void fill(MemorySegment data, List<Parameter> parameters, CounterRandom random) {
        List<Piece> pieces = new ArrayList<>();
        long position = 0;
        for (Parameter parameter : parameters) {
            long elements = parameter.shape().size();
            MemorySegment tensor = data.asSlice(position, 2 * elements);
            for (long first = 0; first < elements; first += PIECE) {
                long end = Math.min(elements, first + PIECE);
                pieces.add(new Piece(tensor, parameter.name(), parameter.shape(), first, end));
            }
            position += 2 * elements;
        }
        Workers.shared().parallel(pieces.size(), (piece, _) -> fill(pieces.get(piece), random));
    }

    private static void fill(Piece piece, CounterRandom random) {
        Shape shape = piece.shape;
        MemorySegment tensor = piece.tensor;
        if (shape.rank() < 2) {
            short value = piece.name.endsWith(".weight") ? ONE : 0;
            for (long i = piece.first; i < piece.end; i++) {
                tensor.set(SHORT, 2 * i, value);
            }
            return;
        }
        // Four signed numbers of 16 bits from each draw.
        float scale = (float) Math.sqrt(3.0 * shape.dim(0) / shape.size()) / 0x1p15f;
        long stream = CounterRandom.streamOf(piece.name);
        for (long i = piece.first; i < piece.end; i += 4) {
            long bits = random.bits(stream, i / 4);
            for (long j = i; j < Math.min(piece.end, i + 4); j++) {
                tensor.set(SHORT, 2 * j, bf16((short) bits * scale));
                bits >>>= 16;
            }
        }
    }

    /** The float without its lower half. */
    private static short bf16(float value) {
        return (short) (Float.floatToRawIntBits(value) >>> 16);
    }
}
