package io.llm2clip.progress;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PassesTest {
    @Test
    void aUnitIsDoneAfterItsLastPass() {
        List<Long> advances = new ArrayList<>();
        Passes passes = new Passes(
                new Progress.Phase() {
                    @Override
                    public void advance(long count) {
                        advances.add(count);
                    }
                },
                2);
        passes.advance(1);
        assertThat(advances).isEmpty();
        passes.advance(1);
        passes.advance(3);
        passes.advance(5);
        assertThat(advances).containsExactly(1L, 1L, 3L);
    }
}
