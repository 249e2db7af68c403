package io.llm2clip.demo.scenes;

import static io.llm2clip.demo.scenes.Figure.Part.flat;
import static io.llm2clip.demo.scenes.Figure.Part.outlined;
import static io.llm2clip.demo.scenes.Shapes.box;
import static io.llm2clip.demo.scenes.Shapes.circle;
import static io.llm2clip.demo.scenes.Shapes.curved;
import static io.llm2clip.demo.scenes.Shapes.ellipse;
import static io.llm2clip.demo.scenes.Shapes.line;
import static io.llm2clip.demo.scenes.Shapes.polygon;
import static io.llm2clip.demo.scenes.Shapes.rounded;
import static io.llm2clip.demo.scenes.Shapes.union;

import java.awt.Color;
import java.awt.Shape;
import java.util.List;
import java.util.stream.Stream;

/** The figures of what stands on the ground. */
final class GroundFigures {
    private static final Color WOOD = new Color(112, 72, 46);
    private static final Color DARK_WOOD = new Color(84, 52, 36);
    private static final Color ROOF = new Color(150, 70, 52);
    private static final Color GLASS = new Color(196, 228, 246);
    private static final Color LAMP = new Color(255, 222, 110);
    private static final Color IRON = new Color(58, 58, 68);
    private static final Color STEM = new Color(62, 128, 62);
    private static final Color FLESH = new Color(246, 236, 216);

    private static final List<Figure> FIGURES =
            Stream.of(Kind.Ground.values()).map(GroundFigures::draw).toList();

    private GroundFigures() {}

    static Figure of(Kind.Ground kind) {
        return FIGURES.get(kind.ordinal());
    }

    private static Figure draw(Kind.Ground kind) {
        return switch (kind) {
            case HOUSE -> house();
            case TENT -> tent();
            case CAR -> car();
            case PINE -> pine();
            case LEAFY_TREE -> leafyTree();
            case LIGHTHOUSE -> lighthouse();
            case MUSHROOM -> mushroom();
            case PARASOL -> parasol();
            case FLOWER -> flower();
            case SAILBOAT -> sailboat();
        };
    }

    private static Figure house() {
        return new Figure(
                List.of(outlined(box(0.22, -0.98, 0.34, -0.6), ROOF.darker())),
                box(-0.46, -0.6, 0.46, 0),
                List.of(
                        outlined(polygon(-0.58, -0.56, 0, -1, 0.58, -0.56), ROOF),
                        outlined(box(-0.12, -0.36, 0.1, 0), DARK_WOOD),
                        flat(circle(0.05, -0.17, 0.025), LAMP),
                        outlined(box(-0.37, -0.44, -0.2, -0.24), GLASS),
                        outlined(box(0.19, -0.44, 0.36, -0.24), GLASS)),
                1.3);
    }

    private static Figure tent() {
        return new Figure(
                List.of(
                        outlined(line(0.035, -0.09, -1.02, 0.04, -0.86), WOOD),
                        outlined(line(0.035, 0.09, -1.02, -0.04, -0.86), WOOD)),
                polygon(-0.6, 0, 0, -0.94, 0.6, 0),
                List.of(
                        outlined(polygon(-0.2, 0, 0, -0.6, 0.2, 0), new Color(58, 44, 46)),
                        outlined(polygon(-0.2, 0, 0, -0.6, -0.08, 0), new Color(226, 206, 170))),
                1.4);
    }

    private static Figure car() {
        Shape body = curved(
                -0.58, -0.13, -0.58, -0.3, -0.6, -0.38, -0.46, -0.4, -0.42, -0.4, -0.4, -0.4, -0.38, -0.41, -0.3, -0.7,
                -0.28, -0.74, -0.14, -0.74, 0, -0.74, 0.06, -0.74, 0.12, -0.74, 0.22, -0.74, 0.27, -0.6, 0.34, -0.42,
                0.5, -0.4, 0.6, -0.36, 0.6, -0.2, 0.6, -0.17, 0.6, -0.15, 0.6, -0.13);
        return new Figure(
                List.of(),
                body,
                List.of(
                        outlined(polygon(-0.29, -0.44, -0.22, -0.65, -0.05, -0.65, -0.05, -0.44), GLASS),
                        outlined(polygon(0.01, -0.44, 0.01, -0.65, 0.13, -0.65, 0.24, -0.44), GLASS),
                        outlined(circle(-0.32, -0.13, 0.13), IRON),
                        flat(circle(-0.32, -0.13, 0.055), new Color(205, 208, 214)),
                        outlined(circle(0.33, -0.13, 0.13), IRON),
                        flat(circle(0.33, -0.13, 0.055), new Color(205, 208, 214)),
                        outlined(ellipse(0.56, -0.28, 0.04, 0.05), LAMP)),
                1.3);
    }

    private static Figure pine() {
        return new Figure(
                List.of(outlined(box(-0.07, -0.2, 0.07, 0), WOOD)),
                polygon(
                        0, -1, 0.2, -0.7, 0.11, -0.7, 0.3, -0.42, 0.17, -0.42, 0.4, -0.12, -0.4, -0.12, -0.17, -0.42,
                        -0.3, -0.42, -0.11, -0.7, -0.2, -0.7),
                List.of(),
                0.9);
    }

    private static Figure leafyTree() {
        Shape crown = union(
                circle(0, -0.72, 0.27),
                circle(-0.22, -0.56, 0.2),
                circle(0.22, -0.56, 0.2),
                ellipse(0, -0.5, 0.27, 0.16));
        Shape trunk = curved(
                -0.08, 0, -0.05, -0.12, -0.05, -0.2, -0.05, -0.45, 0, -0.45, 0, -0.45, 0.05, -0.45, 0.05, -0.2, 0.05,
                -0.12, 0.09, 0);
        return new Figure(List.of(outlined(trunk, WOOD)), crown, List.of(), 0.9);
    }

    private static Figure lighthouse() {
        return new Figure(
                List.of(),
                polygon(-0.23, 0, -0.15, -0.7, 0.15, -0.7, 0.23, 0),
                List.of(
                        outlined(box(-0.1, -0.87, 0.1, -0.72), LAMP),
                        outlined(polygon(-0.14, -0.86, 0, -1, 0.14, -0.86), ROOF),
                        outlined(box(-0.2, -0.74, 0.2, -0.69), IRON),
                        outlined(rounded(-0.065, -0.18, 0.065, 0.01, 0.05), DARK_WOOD)),
                0.85);
    }

    private static Figure mushroom() {
        Shape stem = curved(
                -0.15, -0.02, -0.1, -0.15, -0.11, -0.3, -0.12, -0.5, 0, -0.5, 0, -0.5, 0.12, -0.5, 0.11, -0.3, 0.1,
                -0.15, 0.15, -0.02, 0.08, 0.01, -0.08, 0.01, -0.15, -0.02);
        Shape cap = curved(
                -0.52, -0.42, -0.56, -0.78, -0.28, -1, 0, -1, 0.28, -1, 0.56, -0.78, 0.52, -0.42, 0.34, -0.34, -0.34,
                -0.34, -0.52, -0.42);
        return new Figure(List.of(outlined(stem, FLESH)), cap, List.of(), 0.7);
    }

    private static Figure parasol() {
        Shape canopy = curved(
                -0.62, -0.5, -0.58, -0.8, -0.3, -0.96, 0, -0.96, 0.3, -0.96, 0.58, -0.8, 0.62, -0.5, 0.54, -0.58, 0.4,
                -0.58, 0.31, -0.5, 0.23, -0.58, 0.08, -0.58, 0, -0.5, -0.08, -0.58, -0.23, -0.58, -0.31, -0.5, -0.4,
                -0.58, -0.54, -0.58, -0.62, -0.5);
        return new Figure(
                List.of(outlined(box(-0.025, -0.7, 0.025, 0), WOOD), outlined(circle(0, -0.97, 0.035), WOOD)),
                canopy,
                List.of(),
                0.8);
    }

    private static Figure flower() {
        Shape[] petals = new Shape[6];
        for (int i = 0; i < petals.length; i++) {
            double angle = Math.PI / 6 + i * Math.PI / 3;
            petals[i] = circle(0.2 * Math.cos(angle), -0.66 + 0.2 * Math.sin(angle), 0.15);
        }
        return new Figure(
                List.of(
                        outlined(box(-0.025, -0.5, 0.025, 0), STEM),
                        outlined(
                                curved(
                                        0, -0.05, 0.08, -0.24, 0.2, -0.26, 0.32, -0.24, 0.3, -0.1, 0.16, -0.04, 0,
                                        -0.05),
                                STEM),
                        outlined(
                                curved(
                                        0, -0.02, -0.08, -0.18, -0.18, -0.2, -0.28, -0.18, -0.26, -0.06, -0.14, 0, 0,
                                        -0.02),
                                STEM)),
                union(union(petals), circle(0, -0.66, 0.16)),
                List.of(outlined(circle(0, -0.66, 0.1), LAMP)),
                0.6);
    }

    private static Figure sailboat() {
        Shape hull = curved(
                -0.52, -0.2, -0.2, -0.16, 0.2, -0.16, 0.54, -0.2, 0.48, -0.06, 0.4, 0, 0.3, 0, 0.1, 0, -0.1, 0, -0.28,
                0, -0.4, 0, -0.46, -0.06, -0.52, -0.2);
        Shape sails =
                union(polygon(-0.06, -0.96, -0.06, -0.25, -0.46, -0.25), polygon(0.03, -0.9, 0.03, -0.25, 0.42, -0.25));
        return new Figure(
                List.of(outlined(box(-0.05, -1, 0.01, -0.17), WOOD)), sails, List.of(outlined(hull, WOOD)), 1.2);
    }
}
