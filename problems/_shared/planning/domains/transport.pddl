; Vehicles with a few seats for packages drive on a road map.
(define (domain transport)
  (:requirements :strips :typing)
  (:types
    place thing amount - object
    vehicle package - thing)
  (:predicates
    (road ?a - place ?b - place)
    (one-less ?fewer - amount ?more - amount)
    (at ?x - thing ?p - place)
    (in ?k - package ?v - vehicle)
    (room-for ?v - vehicle ?n - amount))
  (:action drive
    :parameters (?v - vehicle ?from - place ?to - place)
    :precondition (and (at ?v ?from) (road ?from ?to))
    :effect (and (at ?v ?to) (not (at ?v ?from))))
  (:action pick-up
    :parameters (?v - vehicle ?p - place ?k - package ?left - amount ?had - amount)
    :precondition (and (at ?v ?p) (at ?k ?p) (one-less ?left ?had) (room-for ?v ?had))
    :effect (and (in ?k ?v) (room-for ?v ?left) (not (at ?k ?p)) (not (room-for ?v ?had))))
  (:action drop
    :parameters (?v - vehicle ?p - place ?k - package ?had - amount ?has - amount)
    :precondition (and (at ?v ?p) (in ?k ?v) (one-less ?had ?has) (room-for ?v ?had))
    :effect (and (at ?k ?p) (room-for ?v ?has) (not (in ?k ?v)) (not (room-for ?v ?had)))))
