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
        // Of a block, the minimum where there is one, then the scale. In a loop, as a conversion is half of what
        // TornadoVM inlines.
        float minimum = 0f;
        float value = 0f;
        for (int word = format == Q4_1 ? 1 : 0; word >= 0; word--) {
            minimum = value;
            value = HalfConversion.k_value(
                    words.get(at + word), wide ? 128 : 1024, wide ? 0x1p-7f : 0x1p-10f, wide ? 127 : 15);
        }
        if (format >= Q8) {
            int bytes = format == Q4_1 ? at + 2 : at + 1;
            value = value * k_level(words, bytes, element % BLOCK, format);
        }
        if (format == Q4_1) {
            value = value + minimum;
        }
        return value;
    }

    /** What an element of a block counts, times the scale: a signed byte, or half a byte of the first elements or of the others, less 8 in Q4. */
    static float k_level(ShortBuf words, int first, int place, int format) {
        int bits = k_byte(words, first, format == Q8 ? place : place % (BLOCK / 2));
        // In floats: what compilers take for unsigned must not become negative.
        float level = (float) bits;
        if (format == Q8) {
            level = bits > 127 ? level - 256f : level;
        } else {
            int upper = bits / 16;
            int nibble = place < BLOCK / 2 ? bits - upper * 16 : upper;
            level = (float) nibble - (format == Q4 ? 8f : 0f);
        }
        return level;
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
}
