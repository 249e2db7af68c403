package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class TensorRowsTest {
    @Test
    void rowsLieWhereAllOfThemLie() {
        TensorData all = TensorData.of(Shape.of(4, 2, 3), new float[24]);
        TensorData rows = all.rows(1, 3);
        assertThat(rows.shape()).isEqualTo(Shape.of(2, 2, 3));
        float[] values = new float[24];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        all.fill(values);
        assertThat(rows.toFloats()).startsWith(6, 7).endsWith(16, 17).hasSize(12);
        assertThat(rows.isFrozen()).as("for reading").isTrue();
        assertThat(TensorData.ofInts(Shape.of(3), 5, 6, 7).rows(2, 3).toInts()).containsExactly(7);
        assertThat(all.rows(4, 4).shape().size()).isZero();
        assertThatThrownBy(() -> all.rows(2, 5)).isInstanceOf(IndexOutOfBoundsException.class);
    }
}
