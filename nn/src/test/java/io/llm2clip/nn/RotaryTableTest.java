package io.llm2clip.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.nn.RotaryTable.Llama3Scaling;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class RotaryTableTest {

    @Test
    void scaledFrequenciesOfLlama32With1B() {
        double[] f = RotaryTable.llamaFrequencies(64, 500_000, new Llama3Scaling(32, 1, 4, 8192));
        double[][] expected = {
            {0, 1}, {1, 0.663601238}, {14, 3.21144599e-3}, {15, 1.29054793e-3}, {16, 4.29556797e-4},
            {17, 9.7082878e-5}, {18, 1.94616382e-5}, {28, 3.22293293e-7}, {29, 2.13874228e-7}, {31, 9.41830673e-8}
        };
        check(f, expected);
    }

    @Test
    void scaledFrequenciesOfLlama31With8B() {
        double[] f = RotaryTable.llamaFrequencies(128, 500_000, new Llama3Scaling(8, 1, 4, 8192));
        double[][] expected = {
            {0, 1},
            {1, 0.814617234},
            {14, 5.66696214e-2},
            {28, 3.21144599e-3},
            {29, 2.16657076e-3},
            {35, 9.55621235e-5},
            {63, 3.06892599e-7}
        };
        check(f, expected);
    }

    private static void check(double[] frequencies, double[][] expected) {
        for (double[] pair : expected) {
            assertThat(frequencies[(int) pair[0]])
                    .as("f_%d", (int) pair[0])
                    .isCloseTo(pair[1], Percentage.withPercentage(1e-6));
        }
    }

    @Test
    void anglesOfEva02StretchTheGrid() {
        // Channel pairs (2i, 2i+1) share an angle, so channel c of the specification is column c / 2.
        checkEva(24, 77, 0, -0.416147, 0.909297);
        checkEva(24, 77, 2, 0.431463, 0.902131);
        checkEva(24, 77, 32, -0.981674, -0.190568);
        checkEva(24, 77, 34, -0.299029, 0.954244);
        checkEva(14, 47, 0, -0.959103, -0.283056);
        checkEva(14, 47, 32, 0.842494, -0.538705);
    }

    private static void checkEva(int side, int patch, int channel, double cos, double sin) {
        RotaryTable table = RotaryTable.eva02(side, 64);
        int at = (patch + 1) * 32 + channel / 2;
        assertThat(table.cos().evaluate().toFloats()[at]).isCloseTo((float) cos, within(2e-6f));
        assertThat(table.sin().evaluate().toFloats()[at]).isCloseTo((float) sin, within(2e-6f));
    }

    @Test
    void eva02DoesNotTurnTheClassToken() {
        RotaryTable table = RotaryTable.eva02(2, 8);
        assertThat(table.cos().slice(0, 0, 1).evaluate().toFloats()).containsOnly(1);
        assertThat(table.sin().slice(0, 0, 1).evaluate().toFloats()).containsOnly(0);
        assertThat(table.cos().shape().toList()).containsExactly(5, 4);
    }

    @Test
    void firstPositionsOfLlama() {
        RotaryTable table = RotaryTable.llama(7, 8, 10_000, null).first(3);
        assertThat(table.cos().shape().toList()).containsExactly(3, 4);
        assertThat(table.sin().evaluate().toFloats()[8]).isCloseTo((float) Math.sin(2), within(1e-7f));
    }
}
