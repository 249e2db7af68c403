package io.llm2clip.text;

import java.nio.charset.StandardCharsets;

/**
 * The 256 printable characters that stand for bytes in byte-level BPE (the table of GPT-2): printable Latin-1
 * characters stand for themselves, the other bytes for the characters from U+0100 on, in byte order.
 */
final class ByteAlphabet {
    private static final char[] CHARACTERS = characters();

    private ByteAlphabet() {}

    /** The character of every byte, indexed by the byte's unsigned value. */
    static char[] ofBytes() {
        return CHARACTERS.clone();
    }

    /** The UTF-8 bytes of {@code text}, one character a byte. */
    static String spell(String text) {
        return text(text.getBytes(StandardCharsets.UTF_8));
    }

    /** The characters of bytes. */
    static String text(byte... bytes) {
        char[] spelled = new char[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            spelled[i] = CHARACTERS[bytes[i] & 0xff];
        }
        return new String(spelled);
    }

    private static char[] characters() {
        char[] table = new char[256];
        char next = 256;
        for (int value = 0; value < 256; value++) {
            boolean printable = value >= '!' && value <= '~' || value >= 0xa1 && value <= 0xff && value != 0xad;
            table[value] = printable ? (char) value : next++;
        }
        return table;
    }
}
