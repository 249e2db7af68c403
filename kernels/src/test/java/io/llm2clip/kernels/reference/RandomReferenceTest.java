package io.llm2clip.kernels.reference;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Threefry-2x32 of 20 rounds, by the known answers that its authors publish with Random123. */
class RandomReferenceTest {

    @Test
    void knownAnswers() {
        assertThat(RandomReference.threefry(0, 0, 0, 0)).containsExactly(0x6b200159, 0x99ba4efe);
        assertThat(RandomReference.threefry(-1, -1, -1, -1)).containsExactly(0x1cb996fc, 0xbb002be7);
        assertThat(RandomReference.threefry(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3))
                .containsExactly(0xc4923a9c, 0x483df7a0);
    }
}
