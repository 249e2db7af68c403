package io.llm2clip.kernels.gpu.tornado;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads files of JVM arguments, as {@code java @file} does, and keeps those that TornadoVM cannot do without. */
final class ArgumentFile {
    /** Options whose value is the next argument, if it does not follow an equals sign. */
    private static final Set<String> WITH_VALUE = Set.of(
            "--module-path",
            "-p",
            "--upgrade-module-path",
            "--add-modules",
            "--add-exports",
            "--add-opens",
            "--add-reads",
            "--enable-native-access");

    private static final String HOME = "${TORNADOVM_HOME}";

    private ArgumentFile() {}

    /**
     * The arguments about modules, properties and the compiler interface. Others are left out: choices such as collector, heap and
     * object layout are the application's.
     */
    static List<String> read(Path file, Path home) throws IOException {
        List<String> kept = new ArrayList<>();
        List<String> arguments = split(Files.readString(file).replace(HOME, home.toString()));
        for (int i = 0; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            int equals = argument.indexOf('=');
            String option = equals < 0 ? argument : argument.substring(0, equals);
            if (WITH_VALUE.contains(option)) {
                kept.add(argument);
                if (equals < 0 && i + 1 < arguments.size()) {
                    i++;
                    kept.add(arguments.get(i));
                }
            } else if (argument.startsWith("-D")
                    || argument.endsWith("EnableJVMCI")
                    || argument.equals("-XX:+UnlockExperimentalVMOptions")) {
                kept.add(argument);
            }
        }
        return kept;
    }

    /** Words separated by white space; quotes keep white space, a hash sign begins a comment. */
    static List<String> split(String text) {
        List<String> words = new ArrayList<>();
        StringBuilder word = new StringBuilder();
        boolean inWord = false;
        char quote = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quote != 0) {
                if (c == '\\' && i + 1 < text.length()) {
                    i++;
                    word.append(text.charAt(i));
                } else if (c == quote) {
                    quote = 0;
                } else {
                    word.append(c);
                }
            } else if (c == '"' || c == '\'') {
                quote = c;
                inWord = true;
            } else if (Character.isWhitespace(c)) {
                if (inWord) {
                    words.add(word.toString());
                    word.setLength(0);
                    inWord = false;
                }
            } else if (c == '#' && !inWord) {
                while (i + 1 < text.length() && text.charAt(i + 1) != '\n') {
                    i++;
                }
            } else {
                word.append(c);
                inWord = true;
            }
        }
        if (inWord) {
            words.add(word.toString());
        }
        return words;
    }
}
