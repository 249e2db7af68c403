package io.llm2clip.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FloatMatrixTest {
    @Test
    void rowsAndSlicesAreWhereTheyAre() {
        FloatMatrix matrix = FloatMatrix.of(new float[][] {{1, 2}, {3, 4}, {5, 6}});
        FloatMatrix end = matrix.slice(1, 3);
        end.accept(1, MemorySegment.ofArray(new float[] {7, 8}));
        assertThat(matrix.toArrays()).isDeepEqualTo(new float[][] {{1, 2}, {3, 4}, {7, 8}});
        assertThat(matrix.get(2, 1)).isEqualTo(8);
        assertThat(matrix.slice(3, 3).rows()).isZero();
        float[] row = new float[2];
        end.copyRow(0, row);
        assertThat(row).containsExactly(3, 4);
        assertThat(FloatMatrix.of(new float[0][]).toArrays()).isEmpty();
    }

    @Test
    void aMappedFileCanBeTheMemory(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("vectors");
        try (Arena arena = Arena.ofConfined();
                FileChannel channel = FileChannel.open(
                        file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            MemorySegment mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, 24, arena);
            new FloatMatrix(mapped, 2, 3).accept(1, MemorySegment.ofArray(new float[] {1, 2, 3}));
            mapped.force();
        }
        assertThat(Files.size(file)).isEqualTo(24);
        assertThat(Files.readAllBytes(file)).contains(0x40);
    }

    @Test
    void rowsAreScaledToLengthOne() {
        FloatMatrix matrix = FloatMatrix.of(new float[][] {{3, 4}, {0, 0}, {-1e-20f, 0}, {1e30f, 1e30f}});
        matrix.normalizeRows();
        assertThat(matrix.toArray(0)).containsExactly(0.6f, 0.8f);
        assertThat(matrix.toArray(1)).containsExactly(0, 0);
        assertThat(matrix.toArray(2)[0]).isCloseTo(-1e-8f, within(1e-12f));
        assertThat(matrix.toArray(3)).containsExactly(new float[] {0.70710677f, 0.70710677f}, within(1e-6f));
    }

    @Test
    void whatDoesNotFitIsRefused() {
        FloatMatrix matrix = FloatMatrix.allocate(2, 3);
        assertThatThrownBy(() -> matrix.accept(0, MemorySegment.ofArray(new float[2])))
                .hasMessage("Expected a vector of 3 values, found one of 2.");
        assertThatThrownBy(() -> matrix.row(2)).hasMessage("Rows 2 to 3 of a matrix of 2 rows.");
        assertThatThrownBy(() -> matrix.slice(-1, 1)).hasMessage("Rows -1 to 1 of a matrix of 2 rows.");
        assertThatThrownBy(() -> FloatMatrix.of(new float[][] {{1}, {1, 2}}))
                .hasMessage("Expected a vector of 1 values, found one of 2.");
        assertThatThrownBy(() -> FloatMatrix.allocate(-1, 3)).hasMessage("A matrix cannot have -1 x 3 floats.");
        assertThatThrownBy(() -> new FloatMatrix(matrix.memory(), 3, 3))
                .hasMessageStartingWith("A matrix of 3 x 3 floats takes 36 off-heap bytes aligned to 4, found 24 at ");
        assertThatThrownBy(() -> new FloatMatrix(MemorySegment.ofArray(new float[6]), 2, 3))
                .hasMessageEndingWith("found 24 on the heap.");
        assertThatThrownBy(() -> FloatMatrix.allocate(Integer.MAX_VALUE, Integer.MAX_VALUE))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(
                        "2,147,483,647 vectors of 2,147,483,647 values take 17,592,186,028,032 MB of memory, the machine has ");
    }
}
