package io.llm2clip.data;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Text of bytes that have to be UTF-8: with replaced characters it would be another one, which nobody wrote. */
public final class Utf8 {
    private Utf8() {}

    /**
     * Decodes bytes.
     *
     * @param name what they are of, for the message
     * @throws InputException if they are something else
     */
    public static String text(byte[] bytes, String name) {
        try {
            return text(bytes);
        } catch (CharacterCodingException e) {
            throw new InputException("The text of %s is not UTF-8; save it as UTF-8.".formatted(name), e);
        }
    }

    static String text(byte[] bytes) throws CharacterCodingException {
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(bytes))
                .toString();
    }
}
