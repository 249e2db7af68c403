package io.llm2clip.kernels.gpu.kernels;

import io.llm2clip.kernels.gpu.dialect.ShortBuf;

/** Device helpers: the values of matrix elements that are stored in words of 16 bits, by the number of their format. */
public final class StoredWords {
    // The ordinals of DType, which a test compares: a kernel cannot refer to an enum.
    static final int BF16 = 1;
    static final int F16 = 2;
    static final int Q8 = 5;
    static final int Q4 = 6;
    static final int Q4_1 = 7;

    /** Elements of a quantized block. */
    private static final int BLOCK = 32;

    private StoredWords() {}

    /**
     * The value of an element.
     *
     * @param first where the operand begins
     * @param element number among its elements
     */
    static float k_element(ShortBuf words, int first, int element, int format) {
        int at = first + element;
        if (format == Q8) {
            at = first + element / BLOCK * (1 + BLOCK / 2);
        }
        if (format == Q4) {
            at = first + element / BLOCK * (1 + BLOCK / 4);
        }
        if (format == Q4_1) {
            at = first + element / BLOCK * (2 + BLOCK / 4);
        }
        boolean wide = format == BF16;
        // Of a block, the scale.
        float value =
                HalfConversion.k_value(words.get(at), wide ? 128 : 1024, wide ? 0x1p-7f : 0x1p-10f, wide ? 127 : 15);
        if (format == Q8) {
            value = value * k_signedByte(words, at + 1, element % BLOCK);
        }
        if (format == Q4) {
            value = value * (k_nibble(words, at + 1, element % BLOCK) - 8f);
        }
        if (format == Q4_1) {
            float minimum = HalfConversion.k_value(words.get(at + 1), 1024, 0x1p-10f, 15);
            value = value * k_nibble(words, at + 2, element % BLOCK) + minimum;
        }
        return value;
    }

    /** A byte of words, from 0 to 255; the first one of a word is the lower half of it. */
    static int k_byte(ShortBuf words, int first, int number) {
        int word = words.get(first + number / 2);
        if (word < 0) {
            word = word + 65536;
        }
        int upper = word / 256;
        return number % 2 == 0 ? word - upper * 256 : upper;
    }

    static float k_signedByte(ShortBuf words, int first, int number) {
        int bits = k_byte(words, first, number);
        // In floats: what compilers take for unsigned must not become negative.
        float value = (float) bits;
        return bits > 127 ? value - 256f : value;
    }

    /** The lower halves of a block's bytes are its first elements, the upper ones the others. */
    static float k_nibble(ShortBuf words, int first, int place) {
        int bits = k_byte(words, first, place % (BLOCK / 2));
        int upper = bits / 16;
        int nibble = place < BLOCK / 2 ? bits - upper * 16 : upper;
        return (float) nibble;
    }
}
