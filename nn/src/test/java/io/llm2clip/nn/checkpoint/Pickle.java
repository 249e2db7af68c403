package io.llm2clip.nn.checkpoint;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes pickles that Python would not, instruction by instruction, and PyTorch's archives around them. */
final class Pickle {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Pickle() {
        op(0x80).op(2);
    }

    /** A dictionary {@code {name: tensor}}, of f32 and row-major. */
    static Pickle ofTensor(String name, String key, long elements, long offset, long[] shape, long[] strides) {
        return new Pickle()
                .ops("}")
                .text(name)
                .tensor("FloatStorage", key, elements, offset, shape, strides)
                .ops("s.");
    }

    Pickle op(int instruction) {
        bytes.write(instruction);
        return this;
    }

    Pickle ops(String instructions) {
        bytes.writeBytes(instructions.getBytes(StandardCharsets.ISO_8859_1));
        return this;
    }

    Pickle repeat(String instructions, int times) {
        return ops(instructions.repeat(times));
    }

    Pickle u32(long value) {
        bytes.writeBytes(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt((int) value)
                .array());
        return this;
    }

    Pickle text(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        op('X').u32(utf8.length);
        bytes.writeBytes(utf8);
        return this;
    }

    Pickle whole(long value) {
        op(0x8a).op(8);
        bytes.writeBytes(ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array());
        return this;
    }

    Pickle name(String module, String name) {
        return ops("c" + module + "\n" + name + "\n");
    }

    Pickle wholes(long... values) {
        op('(');
        for (long value : values) {
            whole(value);
        }
        return op('t');
    }

    Pickle storage(String type, String key, long elements) {
        return op('(').text("storage")
                .name("torch", type)
                .text(key)
                .text("cpu")
                .whole(elements)
                .ops("tQ");
    }

    Pickle tensor(String type, String key, long elements, long offset, long[] shape, long[] strides) {
        return name("torch._utils", "_rebuild_tensor_v2")
                .op('(')
                .storage(type, key, elements)
                .whole(offset)
                .wholes(shape)
                .wholes(strides)
                .op(0x89)
                .ops("NtR");
    }

    byte[] bytes() {
        return bytes.toByteArray();
    }

    /** An archive with this as its pickle and a storage '0'. */
    byte[] archive(byte[] storage) {
        return archive(bytes(), storage);
    }

    static byte[] archive(byte[] pickle, byte[] storage) {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put("a/data.pkl", pickle);
        files.put("a/byteorder", "little".getBytes(StandardCharsets.US_ASCII));
        files.put("a/data/0", storage);
        return zip(files, ZipEntry.STORED);
    }

    static byte[] zip(Map<String, byte[]> files, int method) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                ZipEntry entry = new ZipEntry(file.getKey());
                CRC32 crc = new CRC32();
                crc.update(file.getValue());
                entry.setMethod(method);
                entry.setSize(file.getValue().length);
                entry.setCrc(crc.getValue());
                zip.putNextEntry(entry);
                zip.write(file.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    /** Reads a file that lies in memory. */
    static TensorFile read(byte[] file) {
        return CheckpointFile.read(Path.of("hostile.pt"), MemorySegment.ofArray(file));
    }
}
