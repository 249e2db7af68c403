package io.llm2clip.nn.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.net.URISyntaxException;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;

/** Files that PyTorch wrote, see tests/reference/checkpoints.py, and what it reads from them. */
final class TorchGoldens {
    private TorchGoldens() {}

    static Path path(String name) {
        try {
            return Path.of(Objects.requireNonNull(TorchGoldens.class.getResource("torch/" + name), name)
                    .toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    /** The same names, types, shapes and bits, wherever they lie. */
    static void assertSame(Map<String, StoredTensor> found, Map<String, StoredTensor> expected) {
        assertThat(found).containsOnlyKeys(expected.keySet());
        expected.forEach((name, tensor) -> {
            StoredTensor read = found.get(name);
            assertThat(read.type()).as(name).isEqualTo(tensor.type());
            assertThat(read.shape()).as(name).isEqualTo(tensor.shape());
            assertThat(bytes(read)).as(name).isEqualTo(bytes(tensor));
        });
    }

    /** All elements, row-major and little-endian. */
    static byte[] bytes(StoredTensor tensor) {
        byte[] bytes = new byte[Math.toIntExact(tensor.bytes())];
        tensor.copyTo(MemorySegment.ofArray(bytes), ByteOrder.LITTLE_ENDIAN, 0, tensor.elements());
        return bytes;
    }
}
