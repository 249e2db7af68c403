package io.llm2clip.nn.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class StoredTensorViewTest {
    private static final StoredTensor MATRIX = StoredTensor.of(new float[] {1, 2, 3, 4, 5, 6}, 3, 2);

    @Test
    void rowsLieWhereTheyLay() {
        StoredTensor rows = MATRIX.rows(1, 3);
        assertThat(rows.shape()).containsExactly(2L, 2L);
        assertThat(rows.isDense()).isTrue();
        assertThat(rows.toFloats()).containsExactly(3, 4, 5, 6);
        assertThat(rows.data().address()).isEqualTo(MATRIX.data().address() + 8);
        assertThat(MATRIX.rows(3, 3).toFloats()).isEmpty();
        assertThat(StoredTensor.of(new float[] {1, 2, 3}, 3).rows(2, 3).toFloats())
                .containsExactly(3);
    }

    @Test
    void transposesAreViewsAndSoAreTheirRows() {
        StoredTensor transposed = MATRIX.transposed();
        assertThat(transposed.shape()).containsExactly(2L, 3L);
        assertThat(transposed.isDense()).isFalse();
        assertThat(transposed.toFloats()).containsExactly(1, 3, 5, 2, 4, 6);
        assertThat(transposed.rows(1, 2).toFloats()).containsExactly(2, 4, 6);
        assertThat(transposed.rows(2, 2).toFloats()).isEmpty();
        assertThat(transposed.transposed().toFloats()).containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(transposed.transposed().isDense()).isTrue();
        assertThat(MATRIX.rows(1, 3).transposed().toFloats()).containsExactly(3, 5, 4, 6);
    }

    @Test
    void quantizedRowsAreWholeBlocks() {
        byte[] blocks = new byte[3 * 34];
        for (int row = 0; row < 3; row++) {
            // The scale 1 in half precision, then 32 numbers.
            blocks[34 * row + 1] = 0x3C;
            blocks[34 * row + 2] = (byte) (row + 1);
        }
        StoredTensor tensor = new StoredTensor(StoredType.Q8_0, List.of(3L, 32L), MemorySegment.ofArray(blocks));
        assertThat(tensor.rows(1, 3).toFloats()).hasSize(64).startsWith(2, 0).contains(3);
        assertThatThrownBy(tensor::transposed)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "The transpose of a tensor of type Q8_0 and shape [3, 32]; expected a matrix that is not quantized.");
    }

    @Test
    void whatIsNotThereIsRefused() {
        for (List<Integer> range : List.of(List.of(-1, 1), List.of(2, 1), List.of(0, 4))) {
            assertThatThrownBy(() -> MATRIX.rows(range.getFirst(), range.getLast()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("of a tensor of shape [3, 2]");
        }
        StoredTensor scalar = StoredTensor.of(new float[] {1});
        assertThatThrownBy(() -> scalar.rows(0, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(scalar::transposed)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("of type F32 and shape []; expected a matrix");
    }

    @Test
    void rowsOfEvenNumberComeBeforeThoseOfOddNumber() {
        StoredTensor matrix = StoredTensor.of(new float[] {0, 1, 2, 3, 4, 5, 6, 7}, 8, 1);
        StoredTensor apart = matrix.deinterleaved(2);
        assertThat(apart.shape()).containsExactly(8L, 1L);
        assertThat(apart.isDense()).isFalse();
        assertThat(apart.toFloats()).containsExactly(0, 2, 1, 3, 4, 6, 5, 7);
        assertThat(matrix.deinterleaved(1).toFloats()).containsExactly(0, 2, 4, 6, 1, 3, 5, 7);
        assertThat(matrix.transposed().transposed().deinterleaved(4).toFloats())
                .containsExactly(0, 1, 2, 3, 4, 5, 6, 7);
        float[] part = new float[3];
        apart.copyFloatsTo(MemorySegment.ofArray(part), 1, 4);
        assertThat(part).containsExactly(2, 1, 3);
        assertThatThrownBy(() -> matrix.deinterleaved(3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "The rows of a tensor of shape [8, 1] in 3 groups; expected a matrix of groups of even numbers of rows.");
        assertThatThrownBy(() -> apart.rows(0, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "A view of a tensor of shape [8, 1] whose rows are in another order already; expected it as it is stored.");
    }

    @Test
    void quantizedRowsChangePlacesWhole() {
        byte[] blocks = new byte[4 * 34];
        for (int row = 0; row < 4; row++) {
            // The scale 1, and the row's number as every value.
            blocks[row * 34 + 1] = 0x3c;
            Arrays.fill(blocks, row * 34 + 2, (row + 1) * 34, (byte) row);
        }
        StoredTensor apart =
                new StoredTensor(StoredType.Q8_0, List.of(4L, 32L), MemorySegment.ofArray(blocks)).deinterleaved(1);
        float[] floats = apart.toFloats();
        byte[] copied = new byte[blocks.length];
        apart.copyTo(MemorySegment.ofArray(copied), 0, 128);
        for (int i = 0; i < 4; i++) {
            int row = List.of(0, 2, 1, 3).get(i);
            assertThat(floats[i * 32]).isEqualTo(row);
            assertThat(floats[i * 32 + 31]).isEqualTo(row);
            assertThat(copied[i * 34 + 2]).isEqualTo((byte) row);
        }
    }
}
