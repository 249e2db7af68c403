package io.llm2clip.kernels.gpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.AllConversions;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.HalfSamples;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Conversions by arithmetic are the platform's. */
class HalfConversionTest {

    @ParameterizedTest
    @EnumSource(names = {"BF16", "F16"})
    void allBitsAndAllValuesAndWhatLiesBetween(DType type) {
        AllConversions.check(type, (op, operands) -> convert((Elementwise) op, operands[0], operands[1]));
    }

    @Property(tries = 100_000)
    void bitsOfAnyFloat(@ForAll int bits) {
        float value = Float.intBitsToFloat(bits);
        if (!Float.isNaN(value)) {
            assertThat(HalfConversion.k_float16Bits(value)).isEqualTo(HalfSamples.bits(DType.F16, value));
            assertThat(HalfConversion.k_bfloat16Bits(value)).isEqualTo(HalfSamples.bits(DType.BF16, value));
        }
    }

    private static void convert(Elementwise op, MemorySegment in, MemorySegment out) {
        DType from = op.sources().getFirst().dtype();
        DType to = op.output();
        for (long i = 0; i < op.shape().getFirst(); i++) {
            if (to == DType.F32) {
                short bits = in.getAtIndex(ValueLayout.JAVA_SHORT, i);
                float value =
                        from == DType.F16 ? HalfConversion.k_float16Value(bits) : HalfConversion.k_bfloat16Value(bits);
                out.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
            } else {
                float value = in.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                short bits =
                        to == DType.F16 ? HalfConversion.k_float16Bits(value) : HalfConversion.k_bfloat16Bits(value);
                out.setAtIndex(ValueLayout.JAVA_SHORT, i, bits);
            }
        }
    }
}
