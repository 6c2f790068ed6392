; Sandwiches are made in the kitchen and carried on trays to children at tables; some children must not eat gluten.
(define (domain childsnack)
  (:requirements :strips :typing)
  (:types child bread sandwich tray place)
  (:constants kitchen - place)
  (:predicates
    (bread-left ?b - bread)
    (bread-without-gluten ?b - bread)
    (allergic ?c - child)
    (tolerant ?c - child)
    (waits-at ?c - child ?p - place)
    (unmade ?s - sandwich)
    (in-kitchen ?s - sandwich)
    (without-gluten ?s - sandwich)
    (on-tray ?s - sandwich ?t - tray)
    (tray-at ?t - tray ?p - place)
    (served ?c - child))
  (:action make
    :parameters (?s - sandwich ?b - bread)
    :precondition (and (unmade ?s) (bread-left ?b))
    :effect (and (in-kitchen ?s) (not (unmade ?s)) (not (bread-left ?b))))
  (:action make-without-gluten
    :parameters (?s - sandwich ?b - bread)
    :precondition (and (unmade ?s) (bread-left ?b) (bread-without-gluten ?b))
    :effect (and (in-kitchen ?s) (without-gluten ?s) (not (unmade ?s)) (not (bread-left ?b))))
  (:action put-on-tray
    :parameters (?s - sandwich ?t - tray)
    :precondition (and (in-kitchen ?s) (tray-at ?t kitchen))
    :effect (and (on-tray ?s ?t) (not (in-kitchen ?s))))
  (:action carry
    :parameters (?t - tray ?from - place ?to - place)
    :precondition (tray-at ?t ?from)
    :effect (and (tray-at ?t ?to) (not (tray-at ?t ?from))))
  (:action serve
    :parameters (?s - sandwich ?c - child ?t - tray ?p - place)
    :precondition (and (tolerant ?c) (waits-at ?c ?p) (on-tray ?s ?t) (tray-at ?t ?p))
    :effect (and (served ?c) (not (on-tray ?s ?t))))
  (:action serve-without-gluten
    :parameters (?s - sandwich ?c - child ?t - tray ?p - place)
    :precondition (and (allergic ?c) (waits-at ?c ?p) (on-tray ?s ?t) (without-gluten ?s) (tray-at ?t ?p))
    :effect (and (served ?c) (not (on-tray ?s ?t)))))
